"""What people are called besides their name as it is written. Common knowledge, put down by hand; a line is one name.

SHORT_FORMS      a full name, then what it is called for short; English ones are in the package `nicknames`
OTHER_SPELLINGS  one name as other languages, registers and scripts write it
KOREAN_SURNAMES  how they are written in Latin letters, which no rule gives

What merely sounds alike when romanised (Rashid, Rachid) needs no line. Two names that one language tells apart (Diego,
Jaime) are never on one line, though they were one name once.
"""

SHORT_FORMS = """
jose: pepe, chepe, ze, joselito
jesus: chuy, chucho
francisco: paco, pancho, kiko, chico, quico
guadalupe: lupe, lupita
ignacio: nacho
guillermo: memo, guille
enrique: quique, kike
alberto: beto, berto
roberto: beto, berto
antonio: tono, toni, tonio
manuel: manolo, manu, lolo
dolores: lola
rosario: charo
concepcion: concha, conchita
mercedes: meche, merche
eduardo: lalo, edu, dudu
luis: lucho
fernando: nando
rafael: rafa
santiago: santi, chago
sergio: checo
ricardo: richi, cacho
pedro: perico
maria: mariquita, masha, marusya, mitzi
isabel: isa, chabela
joao: joaozinho, jo
giuseppe: beppe, peppe, pino
giovanni: gianni, vanni, nino
francesco: franco, cecco, checco
luigi: gigi, gino
domenico: mimmo
salvatore: toto, turi
johannes: hans, hannes, jo
friedrich: fritz
heinrich: heinz, heiner
josef: sepp, pepi, jupp
wilhelm: willi, helmut
margarete: grete, gretel
katharina: kathi, kaethe, katja
aleksandr: sasha, sascha, alik, shura, alyosha
aleksandra: sasha, shura
aleksei: alyosha, lyosha
alexander: sasha, sascha, alex, sandro, olek
alexandra: sasha, sandra
andrei: andrusha
anatoly: tolya
boris: borya
dmitri: dima, mitya
dmitry: dima, mitya
ekaterina: katya, katia, katja
elena: lena, lenochka
evgeny: zhenya, genya
yevgeny: zhenya, genya
evgeni: zhenya, genya
gennady: gena
grigory: grisha
ivan: vanya
irina: ira
konstantin: kostya
larisa: lara
leonid: lyonya
lyudmila: lyuda, mila
lev: lyova
mikhail: misha
maksim: max, maks
nadezhda: nadya
natalia: natasha
natalya: natasha
nikolai: kolya
nikolay: kolya
oksana: ksenia, ksyusha
olga: olya
pavel: pasha
pyotr: petya
petr: petya
roman: roma
sergei: seryozha, serezha
sergey: seryozha, serezha
stanislav: stas
svetlana: sveta
tatiana: tanya, tania, tanja
tatyana: tanya, tania, tanja
timofey: tima
vasily: vasya
viktor: vitya
vladimir: vova, volodya, vlad
vladislav: vlad, slava
vyacheslav: slava
yaroslav: slava
yuri: yura
yuliya: yulia, yulya
zinaida: zina
stanislaw: staszek, stach
jan: janek, jas
krzysztof: krzysiek
katarzyna: kasia
malgorzata: gosia
tomasz: tomek
andrzej: jedrek
jerzy: jurek
mehmet: memo, memet
mustafa: musti
ibrahim: ibo, brahim
suleyman: sulo
abdullah: abdul, abdallah
georgios: giorgos, yorgos
dimitrios: dimitris, mitsos
konstantinos: kostas, kostis
ioannis: yannis, giannis
nikolaos: nikos
christos: chris
yosef: yossi
yitzhak: itzik
avraham: avi
moshe: moishe
shmuel: shmulik
"""

OTHER_SPELLINGS = """
li, lee, ly, 李
wang, wong, ong, 王
zhang, chang, cheung, teo, 张, 張
chen, chan, tan, chin, 陈, 陳
liu, lau, low, 刘, 劉
huang, wong, hwang, ng, ooi, 黄, 黃
zhao, chao, chiu, 赵, 趙
wu, woo, goh, ng, 吴, 吳
zhou, chou, chow, chew, 周
xu, hsu, hui, koh, 徐, 许
zhu, chu, choo, 朱
guo, kuo, kwok, quek, 郭
lin, lam, lim, 林
luo, lo, law, 罗
zheng, cheng, tay, 郑
xie, hsieh, tse, chia, 谢
cai, tsai, choi, chua, 蔡
ye, yeh, yip, 叶
jiang, chiang, 蒋, 江
cao, tsao, 曹
zeng, tseng, tsang, 曾
xiao, hsiao, siu, 肖, 萧
qian, chien, 钱
qiu, chiu, khoo, 邱
kim, gim, 金
lee, yi, rhee
park, pak, bak
choi, choe
jung, jeong, chung, jong
kang, gang
cho, jo, joh
yoon, yun
jang, chang
lim, im, rim
seo, suh, so
shin, sin
kwon, gwon
hwang, whang
ahn, an
yoo, yu, ryu
noh, roh
moon, mun
bae, pae
paik, baek, baik
soo, su
young, yeong, yong
hyun, hyeon
jun, joon
mohammed, muhammad, mohamed, mohammad, muhammed, محمد
mehmet, mehmed
ahmed, ahmad, ahmet, احمد, أحمد
mahmoud, mahmud, mahmut, محمود
mustafa, moustafa, mostafa, mustapha, مصطفي, مصطفى
ali, aly, علي, على
hassan, hasan, حسن
hussein, husayn, hussain, hossein, huseyin, حسين
omar, umar, omer, عمر
osman, othman, uthman, usman, عثمان
khalid, khaled, halid, خالد
youssef, yusuf, yousef, joseph, josef, jozef, jose, giuseppe, yosef, iosif, يوسف, יוסף
ibrahim, ebrahim, brahim, abraham, avraham, ابراهيم, إبراهيم, אברהם
ismail, ismael, ishmael, اسماعيل
abdullah, abdallah, abdulla, عبدالله
abdul, abdel, abdoul, عبد
rahman, rehman, rachman, رحمن
said, saeed, سعيد
karim, kareem, kerim, كريم
tariq, tarek, tarik, طارق
rashid, rasheed, rachid, resit, راشد, رشيد
jamal, gamal, djamel, cemal, جمال
hamza, hamzah, hamzeh, حمزة, حمزه
bilal, belal, بلال
salman, selman, سلمان
nasser, nasir, naser, ناصر
faisal, feisal, faysal, فيصل
walid, waleed, oualid, وليد
samir, sameer, سمير
saleh, salih, صالح
salah, صلاح
fatima, fatma, fatemeh, فاطمة, فاطمه
aisha, ayesha, aicha, ayse, عائشة, عايشه
khadija, hatice, khadijah, خديجة
maryam, mariam, meryem, miriam, maria, mary, marie, مريم, מרים
zainab, zeynep, zaynab, زينب
layla, leila, laila, ليلى, ليلي
noura, nora, nura, نورة
haddad, حداد
khoury, khouri, خوري
mansour, mansur, mansoor, منصور
david, dawud, daoud, davud, داود, דוד
moshe, moses, musa, moussa, موسى, משה
isa, issa, عيسى
yahya, john, juan, jean, giovanni, joao, johannes, ivan, jan, johann, ioannis, yannis, ian, sean, يحيى
daniel, danyal, دانيال, דניאל
sarah, sara, سارة, שרה
rachel, raquel, rahel, רחל
cohen, kohen, kahn, cohn, כהן
levi, levy, halevi, לוי
alexander, aleksandr, alexandre, alessandro, alejandro, aleksander, oleksandr, alexandros, iskander, اسكندر
alexandra, aleksandra, alessandra, alejandra, oleksandra
alexey, aleksey, alexei, aleksei, oleksiy, alexis
andrew, andrey, andrei, andreas, andre, andres, andrea, andrzej, andriy
anthony, antonio, antoine, anton, antonios, antoni
catherine, katherine, katharina, yekaterina, ekaterina, caterina, catalina, katarzyna, kateryna, aikaterini, ecaterina
charles, carlos, karl, carl, carlo, karel, karol
christopher, christophe, cristobal, krzysztof, kristoffer, christoforos
christina, kristina, cristina, christine, krystyna
demetrius, dmitry, dmitri, dimitri, dmytro, dimitrios, dimitris
edward, eduardo, edouard, eduard, edvard
elena, helena, yelena, olena, eleni, helen, helene, ilona
elizabeth, elisabeth, elisabetta, elzbieta, yelizaveta, elisaveta
eric, erik, erich
eugene, yevgeny, evgeny, evgeni, yevhen, eugenio, eugeniusz
eva, ewa, yeva, eve
francis, francisco, francois, francesco, franz, frantisek, franciszek
frederick, friedrich, frederic, federico, fryderyk, fredrik
gabriel, jibril, cebrail, جبريل, גבריאל
george, georg, georges, jorge, giorgio, georgy, georgiy, jiri, jerzy, georgios, giorgos, heorhiy
gregory, gregorio, grigory, gregor, grzegorz, grigorios, hryhoriy
olga, olha
henry, heinrich, enrique, henri, enrico, henryk, hendrik, henrique
hugo, ugo, hugues
irina, iryna, irene, irini
jacob, jakob, jacques, giacomo, yakov, yaqub, yakup, jakub, يعقوب, יעקב
yuri, yury, iouri, yuriy, yurii
julia, yulia, yuliya, giulia, iuliia, juliya
laura, lora
lawrence, laurent, lorenzo, laurence
louis, luis, luigi, ludwig, luiz, ludovic
lucas, luke, luca, lukas, lukasz, luka
lucy, lucia, lucie, luzia
ludmila, lyudmila, liudmyla
mark, marco, marcos, marcus, marek, markus, marc
martin, marcin, martino, marten
matthew, mateo, matthias, matteo, mathieu, matthieu, mateusz, matvey, matthaios
michael, mikhail, miguel, michel, michele, michal, mykhailo, mihail, mikael, mihai, mikail, ميخائيل, מיכאל
natalia, natalya, nataliya, nathalie, natalie
nicholas, nikolay, nikolai, nicolas, nicola, mykola, mikolaj, nikolaos, niklas, nikola
olaf, olav, olof
paul, pablo, paolo, pavel, paulo, pawel, pavlo, pavlos, pal, boulos, بولس
peter, pedro, pierre, pietro, piotr, pyotr, petr, petro, petros, per, pieter, boutros, بطرس
philip, felipe, philippe, filippo, filip, philippos
ralph, raul, raoul
raphael, rafael, raffaele, rafal
richard, ricardo, riccardo, ryszard
robert, roberto, ruprecht
roman, romain, romano
sebastian, sebastien, sebastiano, sebastiao
sergey, sergei, sergio, serge, serhiy, sergiy
simon, simeon, semyon, szymon, shimon, שמעון
sofia, sophia, sophie, zofia, sofya
stephen, steven, stefan, esteban, etienne, stefano, stepan, szczepan, stephan, stefanos
susan, susanna, suzanne, zuzanna
svetlana, svitlana
tatiana, tatyana, tetiana, tatjana
theodore, fyodor, fedor, teodor, theodoros, teodoro
theresa, teresa, therese
thomas, tomas, tomasz, tommaso, foma, tome
timothy, timofey, timoteo
valentine, valentin, valentyn
vasily, vasiliy, basil, vasyl, vasilis, basilio, vassili
victor, viktor, vittorio, wiktor
vincent, vicente, vincenzo, wincenty
vladimir, volodymyr, wladimir, vladimiro, wlodzimierz
walter, gualtiero, volter
william, guillermo, wilhelm, guillaume, willem, guglielmo, guilherme
xenia, ksenia, kseniya
yaroslav, jaroslav, jaroslaw
"""

KOREAN_SURNAMES = {
    "김": "kim", "이": "lee", "박": "park", "최": "choi", "정": "jung", "강": "kang", "조": "cho", "윤": "yoon",
    "장": "jang", "임": "lim", "한": "han", "오": "oh", "서": "seo", "신": "shin", "권": "kwon", "황": "hwang",
    "안": "ahn", "송": "song", "유": "yoo", "노": "noh", "배": "bae", "백": "baek", "문": "moon", "양": "yang",
    "손": "son", "우": "woo", "구": "koo", "민": "min", "고": "ko", "전": "jeon", "남": "nam", "심": "shim",
    "허": "heo", "류": "ryu",
}  # fmt: skip
