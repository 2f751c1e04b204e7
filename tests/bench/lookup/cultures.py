# ruff: noqa: E501
"""What people are called: common names by rank, and rules that make the long tail of rare ones. All invented.

Given names and the first surnames are common knowledge of each culture; the tail is put together from syllables, as the
real one is: a register of a million has some hundred thousand surnames, most of them held by a few.
"""

from collections.abc import Mapping

from tests.bench.lookup.culture import Culture, listed, mapped
from tests.bench.lookup.cultures_further import FURTHER

_CYRILLIC = mapped(
    "shch=щ zh=ж kh=х ts=ц ch=ч sh=ш yu=ю ya=я ye=е a=а b=б v=в g=г d=д e=е z=з i=и y=й k=к l=л m=м n=н o=о p=п r=р s=с t=т "
    "u=у f=ф"
)
_GREEK = mapped(
    "th=θ ch=χ ps=ψ ou=ου ai=αι a=α b=β g=γ d=δ e=ε z=ζ i=ι k=κ l=λ m=μ n=ν x=ξ o=ο p=π r=ρ s=σ t=τ y=υ f=φ v=β u=ου"
)
_ARABIC = mapped(
    "^al=ال ^el=ال ^ali=علي ^abd=عبد ^ahm=أحم ^ais=عائش ^omar=عمر ^oth=عث ^a=ا ^e=إ ^i=إ ^o=ع ^u=ع ^ibrah=إبراه kha=خا kh=خ sh=ش th=ث "
    "dh=ذ gh=غ ou=و oo=و ee=ي a= e= i=ي o= u= b=ب bb=ب d=د dd=د f=ف h=ح j=ج jj=ج k=ك l=ل ll=ل m=م mm=م n=ن q=ق r=ر s=س ss=س t=ت w=و y=ي z=ز"
)
_HAN = mapped(
    "wang=王 li=李 zhang=张 liu=刘 chen=陈 yang=杨 huang=黄 zhao=赵 wu=吴 zhou=周 xu=徐 sun=孙 ma=马 zhu=朱 hu=胡 guo=郭 he=何 "
    "lin=林 gao=高 luo=罗 zheng=郑 liang=梁 xie=谢 song=宋 tang=唐 wei=伟 fang=芳 min=敏 jing=静 qiang=强 lei=磊 jun=军 yong=勇 "
    "yan=艳 jie=杰 tao=涛 ming=明 ping=平 gang=刚 hua=华 xia=霞 xin=鑫 bo=波 hui=辉 ying=英 mei=梅 feng=峰 hong=红 jian=建 long=龙 "
    "yu=玉 shan=山 xiao=晓 zhi=志 wen=文 hai=海 chun=春 guang=光 qing=青 yun=云 rong=荣 dong=东 kai=凯 peng=鹏 bin=彬 lan=兰 xue=雪 "
    "deng=邓 cao=曹 zeng=曾 xiao=萧 tian=田 pan=潘 yuan=袁 cai=蔡 jiang=蒋 ye=叶 du=杜 su=苏 cheng=程 lu=卢 ding=丁 ren=任 "
    "yao=姚 shen=沈 zhong=钟 cui=崔 tan=谭 fan=范 liao=廖 shi=石 jia=贾 fu=付 bai=白 zou=邹 meng=孟 xiong=熊 qin=秦 qiu=邱 hou=侯 "
    "yin=尹 xue=薛 yan=阎 duan=段 lei=雷 qian=钱 tang=汤 li=黎 chang=常 he=贺 gu=顾 mao=毛 hao=郝 gong=龚 shao=邵 wan=万 qiao=乔 "
    "jin=金 nan=南 ling=玲 ting=婷 yi=怡 xuan=萱 han=涵 zi=子 rui=瑞 chao=超 bao=宝 de=德 cheng=成 xiang=祥 sheng=胜 liang=亮 quan=全 "
    "shu=淑 juan=娟 gui=桂 zhen=珍 cong=聪 hang=航 ze=泽 jia=佳 si=思 tong=彤 yue=月 ning=宁 ai=爱 shuai=帅 da=大 you=友 lian=莲 kang=康"
)
_HANGUL = mapped(
    "kim=김 lee=이 park=박 choi=최 jung=정 kang=강 cho=조 yoon=윤 jang=장 lim=임 han=한 oh=오 seo=서 shin=신 kwon=권 hwang=황 "
    "ahn=안 song=송 hong=홍 min=민 jun=준 yeon=연 ji=지 hoon=훈 woo=우 hyun=현 sung=성 young=영 soo=수 eun=은 jin=진 jae=재 dong=동 "
    "kyung=경 hee=희 ho=호 mi=미 sook=숙 yong=용 chul=철 hye=혜 won=원 seok=석 tae=태 kyu=규 bin=빈 ah=아 yun=윤 na=나 ra=라"
)

_FIRST: Mapping[str, Culture] = {
    "english": Culture(
        16,
        listed(
            "James Robert John Michael David William Richard Joseph Thomas Christopher Charles Daniel Matthew Anthony Mark "
            "Donald Steven Andrew Paul Joshua Kenneth Kevin Brian George Timothy Ronald Edward Jason Jeffrey Ryan Jacob "
            "Nicholas Eric Jonathan Stephen Larry Justin Benjamin Samuel Gregory Alexander Patrick Frederick Walter Mary "
            "Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Margaret Lisa Nancy Betty Sandra Ashley "
            "Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Sharon Cynthia Kathleen "
            "Amy Angela Catherine Katherine Samantha Christine Victoria Rachel Janet Maria Heather Diane"
        ),
        listed(
            "Smith Johnson Williams Brown Jones Davis Miller Wilson Moore Taylor Anderson Thomas Jackson White Harris "
            "Martin Thompson Clark Lewis Walker Hall Allen Young King Wright Scott Green Baker Adams Nelson Hill Campbell"
        ),
        listed("Ash Bar Black Brad Brook Car Clay Dun East Fair Gar Har Hol King Lan Mor Nor Oak Pem Rad Sher Stan Tal "
                "Under Wal West Whit Wood York Hamp Thorn Ched Blen Cox Dray Elms"),
        ("", "ing", "er", "el", "en", "am", "is"),
        listed("ton ley ford field wood man by well worth son ham ridge wick stone mer bury hurst combe croft shaw"),
        middle=0.6,
        nicknames=mapped(
            "Robert=Bob William=Bill James=Jim Michael=Mike Richard=Dick Joseph=Joe Thomas=Tom Christopher=Chris "
            "Charles=Chuck Daniel=Dan Matthew=Matt Anthony=Tony Steven=Steve Andrew=Andy Joshua=Josh Kenneth=Ken "
            "Timothy=Tim Ronald=Ron Edward=Ted Jeffrey=Jeff Nicholas=Nick Jonathan=Jon Benjamin=Ben Samuel=Sam "
            "Gregory=Greg Alexander=Alex Patrick=Pat Frederick=Fred Patricia=Patty Jennifer=Jenny Elizabeth=Liz "
            "Barbara=Barb Susan=Sue Margaret=Peggy Deborah=Debbie Rebecca=Becky Cynthia=Cindy Kathleen=Kathy "
            "Catherine=Kate Katherine=Kathy Samantha=Sam Christine=Chris Victoria=Vicky"
        ),
    ),
    "spanish": Culture(
        14,
        listed(
            "José Luis Carlos Juan Francisco Antonio Manuel Jesús Miguel Pedro Alejandro Javier Fernando Roberto Eduardo "
            "Ricardo Jorge Rafael Sergio Enrique Guillermo Ignacio Alberto Santiago Diego Pablo Raúl Ramón Andrés Óscar "
            "Héctor Arturo Mario Víctor María Ana Rosa Guadalupe Isabel Carmen Dolores Concepción Mercedes Teresa Laura "
            "Patricia Verónica Gabriela Alejandra Adriana Leticia Silvia Lucía Elena Beatriz Pilar"
        ),
        listed(
            "García Rodríguez Martínez Hernández López González Pérez Sánchez Ramírez Torres Flores Rivera Gómez Díaz "
            "Reyes Morales Cruz Ortiz Gutiérrez Chávez Ramos Ruiz Mendoza Álvarez Castillo Jiménez Vásquez Romero"
        ),
        listed("Al Bar Car Del Es Fer Gal Gon Her Jim Lar Mal Mon Nav Or Pal Que Ram Sal Tor Val Vil Za Ben Cor Mur Bel"),
        ("", "a", "e", "i", "o", "an", "er", "ur", "ad"),
        listed("es ez ado ero ales ena osa illo ana eda anda uela aro ín ete"),
        double=0.7,
        middle=0.4,
        spellings=mapped("José=Jose González=Gonzales Jiménez=Ximenez Vásquez=Vazquez Chávez=Chaves Rosa=Roza Elena=Helena"),
        nicknames=mapped(
            "José=Pepe Francisco=Paco Jesús=Chuy Manuel=Manolo Guadalupe=Lupe Ignacio=Nacho Enrique=Quique Roberto=Beto "
            "Guillermo=Memo Alberto=Beto Eduardo=Lalo Dolores=Lola Concepción=Concha Mercedes=Meche Rafael=Rafa "
            "Santiago=Santi Fernando=Nando Luis=Lucho Sergio=Checo Isabel=Chabela"
        ),
    ),
    "portuguese": Culture(
        6,
        listed("João José Antônio Francisco Carlos Paulo Pedro Lucas Luiz Marcos Luís Gabriel Rafael Daniel Marcelo Bruno "
                "Maria Ana Francisca Antônia Adriana Juliana Márcia Fernanda Patrícia Sebastião Raimundo Aline Camila"),
        listed("Silva Santos Oliveira Souza Lima Pereira Ferreira Costa Rodrigues Almeida Nascimento Alves Carvalho Araújo"),
        listed("Al Bar Cam Car Cos Fer Gon Mag Men Mor Nun Oli Per Ram Ri San Tei Val Bran Cas Dom Fig"),
        ("", "a", "e", "i", "o", "en", "ar"),
        listed("eira es inho ado osa ão ares edo ado al undes ilha"),
        double=0.7,
        middle=0.4,
        spellings=mapped("Luiz=Luis Souza=Sousa Antônio=António Rafael=Raphael Marcelo=Marcello"),
        nicknames=mapped("José=Zé Francisco=Chico Eduardo=Dudu Manuel=Mané"),
    ),
    "arabic": Culture(
        11,
        listed(
            "Mohammed Ahmed Ali Hassan Hussein Omar Khalid Youssef Ibrahim Abdullah Mustafa Mahmoud Said Karim Tariq Nasser "
            "Faisal Salman Hamza Bilal Rashid Jamal Walid Ziad Ismail Samir Adel Majid Hisham Anwar Fatima Aisha Khadija "
            "Maryam Zainab Layla Noura Samira Hanan Amina Salma Huda Rania Yasmin"
        ),
        listed("Haddad Khoury Mansour Saleh Najjar Hamdan Qasim Othman Nasr Awad Darwish Sabbagh Hijazi Masri Shami"),
        listed("Al-Ra Al-Ha El-Ma Al-Sa Bou Ben Al-Kha Al-Qa Al-Ja Al-Na Ab Ha Ra Kha Na Sa Ma Ta Za Fa Al-Mu Gha Da"),
        ("", "sh", "l", "m", "r", "d", "b", "s", "z", "kh", "f"),
        listed("idi awi ani ami eed oudi aoui ari iri adi imi our ash ouk afi"),
        middle=0.5,
        spellings=mapped(
            "Mohammed=Muhammad Ahmed=Ahmad Youssef=Yusuf Hussein=Husayn Said=Saeed Mustafa=Moustapha Khalid=Khaled Omar=Umar "
            "Fatima=Fatma Tariq=Tarek Rashid=Rachid Abdullah=Abdallah Karim=Kareem Hassan=Hasan Ibrahim=Ebrahim Walid=Waleed "
            "Samir=Sameer Layla=Leila Maryam=Mariam Mahmoud=Mahmud Hamza=Hamzah Haddad=Hadad Khoury=Khouri Mansour=Mansur"
        ),
        script=_ARABIC,
    ),
    "russian": Culture(
        9,
        listed(
            "Aleksandr Sergey Dmitry Andrey Aleksey Mikhail Ivan Nikolay Vladimir Yury Yevgeny Pavel Viktor Igor Oleg Anatoly "
            "Boris Konstantin Maksim Roman Natalya Olga Yekaterina Yelena Tatyana Irina Svetlana Anastasiya Mariya Lyudmila Galina"
        ),
        listed("Ivanov Petrov Smirnov Kuznetsov Popov Volkov Sokolov Lebedev Kozlov Novikov Morozov Pavlov Semyonov Fedorov"),
        listed("Ab Bel Gor Dub Zhar Iv Kal Kuz Leb Mal Nov Orl Pet Rom Sem Sok Tar Us Fed Khar Cher Shev Yak Bur Gr Kr"),
        ("", "a", "e", "i", "o", "en", "ar", "un", "ash"),
        listed("ov ev in sky enko chuk ovich akov etsky yan ukhin"),
        spellings=mapped(
            "Aleksandr=Alexander Sergey=Sergei Dmitry=Dmitri Andrey=Andrei Aleksey=Alexei Mikhail=Michail Nikolay=Nikolai "
            "Yevgeny=Evgeni Yury=Iouri Yekaterina=Ekaterina Natalya=Natalia Yelena=Elena Tatyana=Tatiana Mariya=Maria "
            "Ivanov=Ivanoff Popov=Popoff Fedorov=Fyodorov Viktor=Victor Maksim=Maxim"
        ),
        nicknames=mapped(
            "Aleksandr=Sasha Dmitry=Dima Mikhail=Misha Vladimir=Vova Yekaterina=Katya Natalya=Natasha Ivan=Vanya "
            "Yevgeny=Zhenya Nikolay=Kolya Pavel=Pasha Anatoly=Tolya Tatyana=Tanya Svetlana=Sveta Yelena=Lena Mariya=Masha"
        ),
        script=_CYRILLIC,
    ),
    "chinese": Culture(
        11,
        (),
        listed("Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Song Tang Deng Han "
               "Feng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Wei Su Lu Ding Ren Yao Shen Zhong Cui Tan Fan Liao "
               "Shi Jin Jia Xia Fu Fang Zou Xiong Bai Meng Qin Qiu Hou Yin Xue Yan Duan Lei Long Tao Qian Chang Wan Gu Lai Gong Shao "
               "Mao Hao Ouyang Situ Kong Kang Shan Ge Fei Cen Lian Ji Shu Qu Xiang Zhuge Tong Pang Ou Niu Zhai Ba"),
        listed("Sh Zh Ch X Q J L M N F D T G K H B P R Y W"),
        ("",),
        listed("an ang en eng ao ou uan un ui ia ie iao ing"),
        is_surname_first=True,
        middle=0.0,
        joined="",
        spellings=mapped("Zhang=Chang Xu=Hsu Zhou=Chou Li=Lee Wang=Wong Chen=Chan Huang=Hwang Zhao=Chao Liu=Lau Wu=Woo"),
        script=_HAN,
    ),
    "korean": Culture(
        6,
        (),
        listed("Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Oh Seo Shin Kwon Hwang Ahn Song Hong Yoo Ko Moon Yang Son Bae Baek Heo "
               "Nam Shim Noh Ha Kwak Sung Cha Joo Woo Koo Min Ryu Na Jin Ji Eom Won Chae Chun Bang Kong Hyun Ham Byun Yeom Yeo Chu Do So "
               "Suk Sun Seol Ma Gil Wi Pyo Myung Ki Ban Wang Keum Ok Yook In Maeng Je Mo Namgung Tak Kook Eo Eun"),
        is_surname_first=True,
        middle=0.0,
        joined="-",
        spellings=mapped("Lee=Yi Park=Pak Choi=Choe Jung=Jeong Cho=Jo Yoon=Yun Lim=Im Shin=Sin Kwon=Gwon Kang=Gang"),
        script=_HANGUL,
    ),
    "german": Culture(
        6,
        listed("Hans Peter Klaus Wolfgang Jürgen Günter Stefan Thomas Andreas Michael Johannes Heinrich Friedrich Wilhelm "
                "Josef Matthias Ursula Monika Renate Katharina Margarete Sabine Jörg Björn Götz Käthe"),
        listed("Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Krüger"),
        listed("Acker Bach Berg Brand Eich Fisch Grün Hof Kauf Lind Mühl Neu Ober Reich Schäf Stein Vogel Wein Zim Rott Höl"),
        ("", "en", "er", "el", "ing"),
        listed("mann er bauer meier müller hofer berger feld burg stein thal bach ke"),
        spellings=mapped("Meyer=Maier Schmidt=Schmitt Stefan=Stephan Josef=Joseph Günter=Günther Katharina=Catharina Koch=Kock"),
        nicknames=mapped("Johannes=Hans Friedrich=Fritz Heinrich=Heinz Josef=Sepp Wilhelm=Willi Margarete=Grete Katharina=Käthe"),
    ),
    "indian": Culture(
        8,
        listed("Rajesh Suresh Ramesh Sunil Anil Vijay Sanjay Rahul Amit Deepak Arjun Mohan Ravi Ashok Manoj Priya Anjali "
                "Sunita Kavita Pooja Lakshmi Krishnan Venkatesh Meena Geeta Neha Shreya Asha"),
        listed("Kumar Singh Sharma Patel Gupta Reddy Das Khan Verma Yadav Mishra Joshi Nair Rao Iyer Chaudhary"),
        listed("Bha Cha Das Gan Gup Jo Kri Ma Na Pat Ra Red Sha Sin Sub Ven Ya Tha Mu Ku De Va"),
        ("", "r", "n", "l", "m", "t", "nd", "sw"),
        listed("an ari esh appa dy har ma nath swamy kar wal ani ekar ulu"),
        spellings=mapped("Deepak=Dipak Sunil=Suneel Geeta=Gita Chaudhary=Choudhury Krishnan=Krishnaan Venkatesh=Venkatesha "
                          "Joshi=Joshee Lakshmi=Laxmi Pooja=Puja Vijay=Vijai"),
    ),
    "turkish": Culture(
        4,
        listed("Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim İsmail Osman Yusuf Murat Fatma Ayşe Emine Hatice Zeynep Elif"),
        listed("Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Arslan Doğan"),
        listed("Ak Al Ay Bal Çel Dem Er Gül Kar Koç Oz Öz Sar Tek Yıl Yal Taş Boz"),
        ("", "a", "e", "ı", "i", "gün", "han"),
        listed("kaya taş er oğlu ul dağ maz baş tepe soy demir türk can"),
        middle=0.1,
        spellings=mapped("Mehmet=Mehmed Ahmet=Ahmed Yusuf=Yousuf Osman=Othman"),
    ),
    "vietnamese": Culture(
        4,
        listed("Anh Minh Hùng Dũng Tuấn Linh Hương Thảo Trang Phương Thanh Hải Đức Quang Hoa Lan Nga Tâm Sơn Long Khánh Bảo "
               "Châu Hiền Hoàng Kiệt Loan Mai Ngọc Nhung Oanh Phúc Quyên Sang Thủy Tiên Toàn Trúc Tú Uyên Vinh Xuân Yến Nam Bình Hiếu Trung "
               "Cường Thắng Việt Hạnh Liên Vân Nhi Quỳnh Thư My Diệp Giang Hằng Khoa Lộc Nghĩa Phát Quân Tài Thiện Trí Vy"),
        listed("Nguyễn Trần Lê Phạm Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trương Lâm Cao Mai Đoàn Hà Tô Tạ Lương Đào Trịnh "
               "Phùng Thái Châu Quách Lưu Kiều Vương Từ Tăng La Hứa Nghiêm Khổng Triệu Thạch Tôn Giang Đường Quan Bạch Văn"),
        is_surname_first=True,
        middle=0.95,
    ),
    "polish": Culture(
        5,
        listed("Jan Andrzej Piotr Krzysztof Stanisław Tomasz Paweł Józef Marcin Marek Michał Anna Maria Katarzyna Małgorzata "
                "Agnieszka Krystyna Barbara Ewa Elżbieta Zofia"),
        listed("Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński"),
        listed("Adam Bar Czar Dąb Gaj Jank Kow Krzy Lew Maj Now Ostr Pawl Sad Szcz Wiś Wój Zaw Żu Mal Gór"),
        ("", "a", "e", "o", "al", "in", "or"),
        listed("ski cki czyk ak owicz ewski iak arz ek"),
        middle=0.2,
        spellings=mapped("Józef=Josef Katarzyna=Katarina Michał=Michael Zofia=Sofia Krystyna=Kristina Piotr=Pjotr"),
        nicknames=mapped("Tomasz=Tomek Katarzyna=Kasia Małgorzata=Gosia Krzysztof=Krzysiek Stanisław=Staszek"),
    ),
    "greek": Culture(
        3,
        listed("Georgios Ioannis Dimitrios Konstantinos Nikolaos Panagiotis Vasilis Christos Athanasios Maria Eleni Aikaterini "
                "Sofia Anna Vasiliki"),
        listed("Papadopoulos Papageorgiou Oikonomou Georgiou Dimitriou Ioannidis"),
        listed("Papa Kara Chatzi Kon Mav Stav Theo Vas Zan Lam Mar Pap Trian Kou"),
        ("", "dim", "georg", "nik", "stef", "an", "ol", "and"),
        listed("opoulos idis akis iou elis atos ides oglou"),
        spellings=mapped("Georgios=Giorgos Ioannis=Yannis Dimitrios=Dimitris Nikolaos=Nikos Eleni=Heleni Aikaterini=Ekaterini"),
        nicknames=mapped("Konstantinos=Kostas Ioannis=Giannis Nikolaos=Nikos"),
        script=_GREEK,
    ),
    "nordic": Culture(
        4,
        listed("Lars Erik Anders Johan Karl Per Nils Olaf Bjørn Søren Åsa Karin Anna Kristina Ingrid Sigrid Märta Jørgen Kåre"),
        listed("Johansson Andersson Karlsson Nilsson Eriksson Hansen Olsen Larsen Pedersen Jensen Sørensen"),
        listed("Berg Lind Sand Ek Sjö Hag Norr Öst Vik Hol Lund Ström Dal Gran Björk Fager"),
        ("", "e", "in", "ing"),
        listed("berg ström gren qvist lund dahl sen son stad rud vik holm mark"),
        spellings=mapped("Erik=Eric Karl=Carl Kristina=Christina Johansson=Johanson Hansen=Hanssen Larsen=Larssen"),
    ),
    "yoruba": Culture(
        3,
        listed("Oluwaseun Adebayo Babatunde Olumide Ayodele Temitope Folasade Chukwuemeka Ngozi Chinedu Obinna Ifeoma Kehinde "
                "Taiwo Adaeze Uchenna"),
        listed("Okafor Adeyemi Okonkwo Balogun Eze Nwosu Ogunleye"),
        listed("Ade Olu Ogun Oke Ayo Chi Nwa Ony Uz Oba Aki Fa Ola"),
        ("", "wa", "ba", "ye", "ke", "na", "de"),
        listed("mi bo la chi sanya dele kwu yemi tola ju ma"),
    ),
}  # fmt: skip

CULTURES: Mapping[str, Culture] = {**_FIRST, **FURTHER}
