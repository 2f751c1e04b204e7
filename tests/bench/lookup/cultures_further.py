# ruff: noqa: E501
"""Further cultures, each a small part of the population; made as those in `cultures.py`, and as much invented."""

from collections.abc import Mapping

from tests.bench.lookup.culture import Culture, listed, mapped

_HEBREW = mapped(
    "^a=א ^e=א ^i=א ^o=א ^u=א sh=ש tz=צ ch=ח kh=ח ts=צ th=ת ph=פ a= e= i=י o=ו u=ו b=ב c=ק d=ד f=פ g=ג h=ה k=ק l=ל m=מ n=נ p=פ r=ר s=ס t=ט v=ו y=י z=ז"
)
FURTHER: Mapping[str, Culture] = {
    "ukrainian": Culture(
        3,
        listed("Oleksandr Serhii Andrii Volodymyr Mykola Ivan Dmytro Yurii Oleh Viktor Petro Bohdan Taras Olena Nataliia Iryna "
               "Tetiana Oksana Svitlana Kateryna Yuliia Hanna Mariia Liudmyla"),
        listed("Melnyk Shevchenko Kovalenko Bondarenko Boiko Tkachenko Kravchenko Oliinyk Lysenko Moroz Rudenko Savchenko"),
        listed("Hor Zhuk Kryv Ler Pal Rad Sav Tym Khom Chorn Shum Yar Bab Vas Hryts Dem Zab Kuch Lok Maz Nest Ostap"),
        ("", "a", "e", "o", "yn", "ov", "ash"),
        listed("enko chuk iuk ko skyi uk yk ets iak ylo"),
        middle=0.05,
        spellings=mapped("Serhii=Sergiy Andrii=Andriy Volodymyr=Vladimir Mykola=Nikolay Yurii=Yuriy Oleh=Oleg Olena=Elena Nataliia=Natalya "
                         "Iryna=Irina Tetiana=Tatyana Kateryna=Katerina Yuliia=Yulia Hanna=Ganna Mariia=Maria Boiko=Boyko Oliinyk=Oliynyk"),
        nicknames=mapped("Oleksandr=Sasha Volodymyr=Vova Dmytro=Dima Mykola=Kolya Kateryna=Katya Nataliia=Natalka Tetiana=Tania"),
        script=mapped("shch=щ zh=ж kh=х ts=ц ch=ч sh=ш iu=ю ia=я yu=ю ya=я ye=є a=а b=б v=в h=г d=д e=е z=з y=и i=і k=к l=л m=м n=н o=о "
                      "p=п r=р s=с t=т u=у f=ф g=ґ"),
    ),
    "italian": Culture(
        4,
        listed("Giuseppe Giovanni Antonio Mario Luigi Francesco Angelo Vincenzo Pietro Salvatore Carlo Marco Paolo Alessandro Maria "
               "Anna Giuseppina Rosa Angela Giovanna Teresa Lucia Carmela Caterina Francesca Chiara"),
        listed("Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca Di_Stefano"),
        listed("Bar Cap Cast Col Fal Fer Gar Lom Mar Mon Pal Pel Rin San Tos Val Vit Zan Bel Cor"),
        ("", "a", "e", "i", "o", "an", "ell", "acc"),
        listed("ini etti elli oni ucci aro iero ato ese andi igi olla"),
        spellings=mapped("Giuseppe=Gioseppe Giovanni=Gianni Francesco=Franco Caterina=Katerina Alessandro=Alexandro Lucia=Luccia"),
        nicknames=mapped("Giuseppe=Beppe Giovanni=Gianni Luigi=Gigi Salvatore=Totò Vincenzo=Enzo Francesco=Checco Antonio=Tonino Alessandro=Sandro"),
    ),
    "french": Culture(
        4,
        listed("Jean Pierre Michel André Philippe René Louis Alain Jacques Bernard François Hervé Gérard Étienne Jérôme Marie Jeanne "
               "Françoise Monique Catherine Nathalie Isabelle Hélène Thérèse Élodie Chloé"),
        listed("Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Lefèvre Fournier Girard Lefebvre Mercier"),
        listed("Beau Bel Bois Bour Chau Clair Des Du Fon Gau Gran La Le Mal Mont Per Roux Sau Val Ver"),
        ("", "ch", "mar", "ron", "tel", "vin", "ger"),
        listed("ard aud eau elle et ier in ois on ot ville court mont get"),
        spellings=mapped("Lefèvre=Lefebvre Étienne=Estienne Philippe=Phillippe Catherine=Katherine Nathalie=Natalie Hervé=Hervey"),
        nicknames=mapped("Alexandre=Alex Catherine=Cathy Jacques=Jacky Philippe=Phil Françoise=Fanfan Isabelle=Isa Bernard=Nanard"),
    ),
    "dutch": Culture(
        3,
        listed("Johannes Jan Pieter Cornelis Hendrik Willem Dirk Gerrit Maarten Bas Maria Johanna Anna Elisabeth Cornelia Hendrika "
               "Wilhelmina Femke Sanne Lotte"),
        listed("De_Jong Jansen De_Vries Bakker Visser Smit Meijer De_Boer Mulder Bos Vos Peters Hendriks Dekker Brouwer"),
        listed("Van_Den_Ber Van_Der_Hei Van_Dij Ter_Ste Kui Hoo Gro Schou Vermee Wou Zand Kra Oos Noor Wes"),
        ("", "l", "n", "ng", "rt"),
        listed("ge den k sen man stra ma ink huis veld straat"),
        spellings=mapped("Meijer=Meyer Johannes=Johanes Cornelis=Kornelis Dirk=Dirck Elisabeth=Elizabeth Smit=Smid Jansen=Janssen Femke=Femcke"),
        nicknames=mapped("Johannes=Hans Cornelis=Kees Hendrik=Henk Willem=Wim Gerrit=Ger Wilhelmina=Mien Elisabeth=Bep Pieter=Piet"),
    ),
    "romanian": Culture(
        2,
        listed("Andrei Alexandru Ion Gheorghe Vasile Mihai Constantin Nicolae Ștefan Florin Maria Elena Ana Ioana Mihaela Cristina "
               "Gabriela Daniela Andreea Raluca"),
        listed("Popa Popescu Ionescu Dumitru Stan Stoica Gheorghe Matei Ciobanu Rusu Munteanu Țurcanu"),
        listed("Albu Bog Brat Călin Dră Florea Grig Iord Laz Mold Neag Olt Petr Rad Sim Tud Ung Văd"),
        ("", "an", "ar", "in", "ul"),
        listed("escu eanu oiu aru ache uță ici"),
        spellings=mapped("Gheorghe=George Ion=Ioan Alexandru=Alexander Nicolae=Nicolai Cristina=Christina Ștefan=Stefan Ioana=Joana"),
    ),
    "hungarian": Culture(
        2,
        listed("László István József János Zoltán Sándor Ferenc Gábor Attila Péter Mária Erzsébet Katalin Ilona Éva Zsuzsanna Ágnes Judit"),
        listed("Nagy Kovács Tóth Szabó Horváth Varga Kiss Molnár Németh Farkas Balogh Papp Takács Juhász"),
        listed("Bak Ber Bod Csá Dob Erd Fod Gál Haj Kál Lak Meg Ors Pál Rák Sár Szé Tur Vár Zsol"),
        ("", "a", "e", "o", "ón"),
        listed("i ai y ssy nyi ki kó di ány"),
        is_surname_first=True,
        middle=0.1,
        spellings=mapped("Horváth=Horvat Németh=Nemet Balogh=Balog Katalin=Catalin Tóth=Toth József=Joseph Éva=Ewa Kiss=Kis Papp=Pap"),
        nicknames=mapped("László=Laci István=Pista József=Jóska János=Jancsi Sándor=Sanyi Ferenc=Feri Erzsébet=Bözsi Katalin=Kati"),
    ),
    "hebrew": Culture(
        2,
        listed("Moshe Yosef David Avraham Yitzhak Shlomo Yaakov Chaim Eliyahu Shmuel Natan Sara Rivka Leah Miriam Esther Rachel "
               "Tamar Yael Noa Michal"),
        listed("Cohen Levi Mizrahi Peretz Biton Dahan Avraham Friedman Malka Azulay Katz Yosef David Amar Ohayon"),
        listed("Ben Bar Gold Ros Shap Zil Kap Har Sha Tal Ye Mor Car Pol Gal Shm"),
        ("", "ber", "en", "iv", "ad", "on", "el"),
        listed("man stein ovitz i zon feld sky mon dor an"),
        middle=0.1,
        spellings=mapped("Moshe=Moishe Yosef=Josef Avraham=Abraham Yitzhak=Itzhak Yaakov=Jacob Chaim=Haim Eliyahu=Eliahu Shmuel=Samuel "
                         "Natan=Nathan Leah=Lea Rivka=Rebecca Cohen=Kohen Levi=Levy Mizrahi=Mizrachi Azulay=Azoulay"),
        nicknames=mapped("Yosef=Yossi Avraham=Avi Yitzhak=Itzik David=Dudu Yaakov=Kobi Shmuel=Shmulik Eliyahu=Eli Rachel=Racheli"),
        script=_HEBREW,
    ),
    "persian": Culture(
        3,
        listed("Mohammad Ali Hossein Reza Mehdi Hassan Amir Abbas Saeed Majid Hamid Javad Behrouz Dariush Fatemeh Zahra Maryam "
               "Masoumeh Leila Narges Shirin Parisa Azadeh"),
        listed("Mohammadi Hosseini Ahmadi Karimi Moradi Jafari Rezaei Rahimi Hashemi Kazemi Sadeghi Mousavi Najafi"),
        listed("Agha Bah Dar Esf Farr Ghas Haj Jam Kho Mah Nik Par Rost Shar Tah Zam Tabr Shir Kerm"),
        ("", "a", "ou", "i", "an", "ar"),
        listed("zadeh pour nejad ian i far mand abadi doust vand khah"),
        middle=0.3,
        spellings=mapped("Mohammad=Muhammad Hossein=Hussein Mehdi=Mahdi Saeed=Said Behrouz=Behruz Fatemeh=Fatima Leila=Layla Masoumeh=Masumeh "
                         "Rezaei=Rezai Mousavi=Moosavi Hosseini=Husseini Sadeghi=Sadeqi Dariush=Daryoush Zahra=Zahraa"),
    ),
    "hindi": Culture(
        3,
        listed("Ramesh Suresh Mahesh Dinesh Mukesh Rakesh Sanjay Ajay Manish Pankaj Sunita Anita Kavita Rekha Seema Meena Pushpa Usha "
               "Savita Mamta"),
        listed("Kumar Sharma Verma Gupta Mishra Pandey Yadav Tiwari Dubey Thakur Joshi Saxena Chauhan Rathore"),
        listed("Bha Cha Dha Gau Ja Ka Kha Ma Na Pa Ra Sa Sha Ta Tri Va Vi Ba Mu Su"),
        ("", "r", "n", "l", "m", "t", "d"),
        listed("ani wal kar iya dia sia ekar il ath"),
        middle=0.3,
        spellings=mapped("Sunita=Suneeta Anita=Aneeta Seema=Sima Meena=Mina Savita=Saveeta Pandey=Pande Dubey=Dube Chauhan=Chouhan "
                         "Tiwari=Tiwary Sanjay=Sanjai Mishra=Misra Rathore=Rathod"),
    ),
    "bengali": Culture(
        2,
        listed("Mohammad Abdul Rahman Kamal Rafiq Shahid Anwar Nasir Habib Jahangir Fatema Ayesha Rehana Nasrin Shirin Taslima Sumaiya "
               "Rokeya"),
        listed("Hossain Rahman Islam Ahmed Khan Miah Sarkar Biswas Das Chowdhury Akter Begum Khatun Uddin"),
        listed("Ba Bhu Cha Da Ga Ha Ka Ma Mo Na Pra Ra Sa Ta Ghos Mukh"),
        ("", "l", "nd", "r", "tt", "jum"),
        listed("dar ar al opadhyay ari iya uddin ullah"),
        middle=0.6,
        spellings=mapped("Mohammad=Mohammed Hossain=Hussain Rahman=Rehman Chowdhury=Choudhury Miah=Mia Ayesha=Aisha Fatema=Fatima Rafiq=Rafique "
                         "Akter=Akhter Uddin=Uddeen"),
    ),
    "thai": Culture(
        2,
        listed("Somchai Somsak Prasert Wichai Surachai Niran Anan Chai Thongchai Kittisak Somying Malee Siriporn Wanida Ratana Pornthip "
               "Kanya Nittaya Supaporn Araya"),
        (),
        listed("Rattana Suwan Thong Chai Sri Wong Phon Kaew Bun Char Intha Jantra Kittik Lert Mongkhon Nakh Pha Sae Tan Udom Wira"),
        ("", "na", "chai", "wat", "pra", "thi", "kun", "phan"),
        listed("kul porn sakul chai wong rat thong siri phong sombat dee ngam panich mas"),
        middle=0.0,
        spellings=mapped("Malee=Mali Somying=Somjing Siriporn=Siriphorn Pornthip=Porntip Wichai=Vichai Ratana=Rattana Supaporn=Suphaporn"),
    ),
    "filipino": Culture(
        4,
        listed("Jose Maria Juan Antonio Ramon Rodrigo Danilo Reynaldo Jomar Rizalino Mary Grace Jennifer Maricel Rowena Cristina Lourdes "
               "Rosario Marites Analyn Jhun"),
        listed("Santos Reyes Cruz Bautista Ocampo Garcia Mendoza Torres Flores Ramos Villanueva Aquino Castillo Dela_Cruz Delos_Santos"),
        listed("Mag Dima Pang Bala Cata Lac Sum Tan Man Gat Bin Cal Pun Sal Tol Ag Ba Lumi"),
        ("", "say", "ili", "an", "bay", "tu", "ga"),
        listed("say gan balan lang ong on anan tayan bang pal dad ngan"),
        middle=0.6,
        double=0.3,
        spellings=mapped("Cristina=Christina Rowena=Roweena Marites=Maritess Jhun=Jun Jose=Josef Rosario=Rozario Analyn=Analin"),
        nicknames=mapped("Jose=Pepe Antonio=Tonyo Rodrigo=Digong Reynaldo=Rey Danilo=Danny Maria=Maring Rosario=Charing Lourdes=Lulu"),
    ),
    "ethiopian": Culture(
        2,
        listed("Abebe Kebede Tesfaye Haile Girma Mulugeta Getachew Bekele Tadesse Yohannes Solomon Dawit Almaz Tigist Hirut Aster "
               "Meseret Selamawit Bethlehem Genet"),
        listed("Abebe Kebede Tesfaye Haile Girma Mulugeta Getachew Bekele Tadesse Wolde Gebre Alemu Desta Demissie Worku"),
        listed("Gebre Wolde Haile Tekle Kidane Amde Fikre Lemma Zer Asse Ber Negu Shime"),
        ("", "s", "m", "yo"),
        listed("selassie mariam michael giorgis yesus hannes kidan tsadik medhin dros"),
        middle=0.3,
        spellings=mapped("Tesfaye=Tesfay Yohannes=Johannes Haile=Hayle Dawit=Dawid Getachew=Getachu Desta=Dessta Demissie=Demisse Mulugeta=Mulugheta"),
    ),
    "igbo": Culture(
        2,
        listed("Chukwuemeka Chinedu Obinna Ikechukwu Emeka Uche Nnamdi Kelechi Chidi Okechukwu Ngozi Chioma Ifeoma Adaeze Nkechi Amaka "
               "Chiamaka Oluchi"),
        listed("Okafor Okonkwo Eze Nwosu Obi Nwachukwu Onyeka Igwe Anyanwu Okoro Nnadi Umeh Ibe Ogbonna"),
        listed("Nwa Oko Onye Eze Uzo Ama Chi Ike Obi Ugo Ogbu Anya Mba Oke"),
        ("", "chu", "ma", "nna", "ke", "di", "go"),
        listed("kwu ka ozor nkwo fo gbu ma bi ani eze dike"),
        middle=0.6,
        spellings=mapped("Chukwuemeka=Chukuemeka Ikechukwu=Ikechuku Okafor=Okafo Nwachukwu=Nwachuku Okonkwo=Okonquo Umeh=Ume Kelechi=Kelechy"),
        nicknames=mapped("Chukwuemeka=Emeka Ikechukwu=Ike Okechukwu=Okey Chinedu=Nedu Chiamaka=Amaka Ngozi=Ngo"),
    ),
    "swahili": Culture(
        2,
        listed("Juma Hamisi Rashidi Salim Baraka Joseph John Peter Daudi Wanjiru Akinyi Njeri Mwangi Kamau Otieno Ochieng Neema Asha "
               "Rehema Zawadi"),
        listed("Mwangi Kamau Otieno Ochieng Njoroge Kariuki Wanjiru Maina Kimani Odhiambo Omondi Mushi Kiprotich Cheruiyot"),
        listed("Mwa Ka Ki Nja Wa Mu Ngu O Ndu Chi Ma Ru Ja Tha"),
        ("", "ma", "ri", "nge", "cho", "ngu", "ke"),
        listed("uki thia ri ngi moto tich yot ndo eno imbo angi aga"),
        middle=0.5,
        spellings=mapped("Juma=Jumaa Hamisi=Khamis Rashidi=Rashid Daudi=Dawood Asha=Aisha Baraka=Baraqa Salim=Saleem Neema=Nima"),
    ),
    "japanese": Culture(
        3,
        listed("Hiroshi Takashi Kenji Akira Makoto Satoshi Yuki Haruto Ren Sota Shinji Kazuo Yoko Keiko Akiko Sakura Yui Hina Misaki "
               "Emiko Tomoko Ryo Shoichi Junichi"),
        listed("Sato Suzuki Takahashi Tanaka Ito Watanabe Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Ono Ohno Saito"),
        listed("Aki Fuji Hara Hayashi Ishi Iwa Kawa Kita Kuro Matsu Mori Naka Nishi Oka Saka Shima Taka Ue Yoko Hoshi Mina Kuma"),
        ("", "no", "ga"),
        listed("yama kawa gawa da ta mura moto shima saki hara no be zawa guchi mori bayashi"),
        middle=0.0,
        spellings=mapped("Ono=Ohno Sato=Satou Ito=Itoh Kato=Katoh Saito=Saitoh Ryo=Ryou Yoko=Youko Shoichi=Shouichi Junichi=Jun'ichi Sota=Souta "
                         "Yui=Yuhi Kenji=Kenzi Shinji=Shinzi"),
    ),
    "indonesian": Culture(
        3,
        listed("Muhammad Ahmad Agus Budi Slamet Sutrisno Bambang Eko Dwi Tri Joko Siti Sri Nur Dewi Ratna Wati Yuni Endang Indah Rizky"),
        listed("Wibowo Santoso Setiawan Susanto Hidayat Nugroho Saputra Kurniawan Siregar Nasution Simanjuntak Wijaya Lestari"),
        listed("Su Har War Pur Wi Set Gun Kar Mar Nur Par Rah San Tir Yud Sim Man Har"),
        ("", "di", "na", "to", "ma", "ja", "wa"),
        listed("no yanto wan wati adi ono gar tupang dewi ningsih tama syah"),
        middle=0.6,
        spellings=mapped("Muhammad=Mohamad Ahmad=Achmad Sutrisno=Soetrisno Budi=Boedi Susanto=Soesanto Rizky=Rizki Joko=Djoko Wijaya=Widjaja "
                         "Nugroho=Noegroho Saputra=Syaputra"),
    ),
}  # fmt: skip
