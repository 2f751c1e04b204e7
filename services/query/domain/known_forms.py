"""What people are called besides their name as it is written. Common knowledge, put down by hand; a line is one name.

SHORT_FORMS      a full name, then what it is called for short; English ones are in the package `nicknames`
OTHER_SPELLINGS  one name as other languages, registers and scripts write it
FAMILY_NAMES     Korean, Chinese and Japanese ones that are not written in Latin letters as their signs read alone

What merely sounds alike when romanised (Rashid, Rachid) needs no line. Two names that one language tells apart (Diego,
Jaime) are never on one line, though they were one name once.
"""

from pathlib import Path


def _lines_of(name: str) -> tuple[str, ...]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


SHORT_FORMS = _lines_of("short_forms.txt")
OTHER_SPELLINGS = _lines_of("other_spellings.txt")
FAMILY_NAMES = {
    "김": "kim", "이": "lee", "박": "park", "최": "choi", "정": "jung", "강": "kang", "조": "cho", "윤": "yoon",
    "장": "jang", "임": "lim", "한": "han", "오": "oh", "서": "seo", "신": "shin", "권": "kwon", "황": "hwang",
    "안": "ahn", "송": "song", "유": "yoo", "노": "noh", "배": "bae", "백": "baek", "문": "moon", "양": "yang",
    "손": "son", "우": "woo", "구": "koo", "민": "min", "고": "ko", "전": "jeon", "남": "nam", "심": "shim",
    "허": "heo", "류": "ryu", "엄": "eom", "곽": "kwak", "성": "sung", "차": "cha", "주": "joo", "나": "na",
    "진": "jin",
    "지": "ji", "채": "chae", "원": "won", "천": "cheon", "방": "bang", "공": "kong", "현": "hyun", "함": "ham",
    "변": "byun", "염": "yeom", "여": "yeo", "추": "choo", "도": "do", "소": "so", "석": "seok", "선": "sun",
    "설": "seol", "마": "ma", "길": "gil", "연": "yeon", "위": "wi", "표": "pyo", "명": "myung", "기": "ki",
    "반": "ban", "라": "ra", "왕": "wang", "금": "keum", "옥": "ok", "육": "yook", "인": "in", "맹": "maeng",
    "제": "je", "모": "mo", "남궁": "namgung", "황보": "hwangbo", "제갈": "jegal", "선우": "sunwoo", "독고": "dokgo",
    "曾": "zeng", "单": "shan", "單": "shan", "仇": "qiu", "解": "xie", "查": "zha", "任": "ren", "区": "ou",
    "區": "ou", "盖": "ge", "覃": "qin", "缪": "miao", "翟": "zhai", "朴": "park", "尉": "wei", "召": "shao",
    "欧阳": "ouyang", "歐陽": "ouyang", "司马": "sima", "司馬": "sima", "上官": "shangguan", "诸葛": "zhuge",
    "諸葛": "zhuge", "司徒": "situ", "夏侯": "xiahou", "皇甫": "huangfu", "慕容": "murong", "令狐": "linghu",
    "端木": "duanmu", "佐藤": "sato", "鈴木": "suzuki", "高橋": "takahashi", "田中": "tanaka", "伊藤": "ito",
    "渡辺": "watanabe", "渡邊": "watanabe", "山本": "yamamoto", "中村": "nakamura", "小林": "kobayashi", "加藤": "kato",
    "吉田": "yoshida", "山田": "yamada", "佐々": "sasa", "山口": "yamaguchi", "松本": "matsumoto", "井上": "inoue",
    "木村": "kimura", "斎藤": "saito", "斉藤": "saito", "清水": "shimizu", "山崎": "yamazaki", "池田": "ikeda",
    "橋本": "hashimoto", "阿部": "abe", "石川": "ishikawa", "山下": "yamashita", "中島": "nakajima", "石井": "ishii",
    "小川": "ogawa", "前田": "maeda", "岡田": "okada", "長谷": "hase", "藤田": "fujita", "後藤": "goto",
    "近藤": "kondo", "村上": "murakami", "遠藤": "endo", "青木": "aoki", "坂本": "sakamoto", "福田": "fukuda",
    "太田": "ota", "西村": "nishimura", "藤井": "fujii", "金子": "kaneko", "岡本": "okamoto", "藤原": "fujiwara",
    "三浦": "miura", "中野": "nakano", "中川": "nakagawa", "原田": "harada", "松田": "matsuda", "竹内": "takeuchi",
    "小野": "ono", "田村": "tamura", "中山": "nakayama", "和田": "wada", "石田": "ishida", "森田": "morita",
    "上田": "ueda", "内田": "uchida", "柴田": "shibata", "酒井": "sakai", "宮崎": "miyazaki", "横山": "yokoyama",
    "高木": "takagi", "安藤": "ando", "宮本": "miyamoto", "大野": "ono", "小島": "kojima", "工藤": "kudo",
    "谷口": "taniguchi", "今井": "imai", "高田": "takada", "増田": "masuda", "丸山": "maruyama", "杉山": "sugiyama",
    "村田": "murata", "大塚": "otsuka", "新井": "arai", "小山": "koyama", "平野": "hirano", "藤本": "fujimoto",
    "河野": "kono", "上野": "ueno", "野口": "noguchi", "武田": "takeda", "松井": "matsui", "千葉": "chiba",
    "菅原": "sugawara", "岩崎": "iwasaki", "久保": "kubo", "佐野": "sano", "野村": "nomura", "松尾": "matsuo",
}  # fmt: skip
