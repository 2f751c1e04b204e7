"""What people are called for short, where the lists of others leave it out: a full name, then its short forms."""

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
