"""What people are called besides their name as it is written. Common knowledge, put down by hand; one name an entry.

SHORT_FORMS      a full name, then what it is called for short; English ones are in the package `nicknames`
OTHER_SPELLINGS  one name as other languages, registers and scripts write it
FAMILY_NAMES     Korean, Chinese and Japanese ones that are not written in Latin letters as their signs read alone

What merely sounds alike when romanised (Rashid, Rachid) needs no entry; they end with a semicolon. Two names that one
language tells apart (Diego, Jaime) are never in one, though they were one name once.
"""

SHORT_FORMS = """
abdulaziz: aziz, abdul, azzouz; abdulkadir: kadir, abdul, qadir; abdulkarim: karim;
abdullah: abdul, abdallah, abood, aboudi, abdou, abdi, apo; abdulrahman: abdul, rahman, abood; adebayo: bayo, ade;
adetokunbo: toks, tokunbo; afonso: fonso; ahmed: hamada, hammada, hamoudi, medo, ahmo; ajay: aju;
alberto: beto, berto; alejandro: alex, ale, jandro;
aleksandr: sasha, sascha, alik, shura, alyosha, alex, sanya, sanka, shurik; aleksandra: sasha, shura;
aleksei: alyosha, lyosha; alessandro: sandro, ale, alex; alexander: sasha, sascha, alex, sandro, olek;
alexandra: sasha, sandra, alex, ola, lexi, alexia, sacha; alfonso: poncho, fonso; alfredo: fredo, alf;
ali: alawi, aliko; alicia: licha; alojz: lojze; amina: mina; ana: anita, anica, anka;
anastasia: nastya, asya, stasya, nastia, tasos, natasa; anatoly: tolya, tolik; andrea: drea, andreina;
andreas: andi, anders; andrei: andrusha, andryusha, dyusha; andrzej: jedrek, andrzejek; angel: gelo, angelito;
angela: angie, geli; anil: anu; anna: anya, annushka, anyuta, nyura, ania, anka, anika, nusia, andulka, panni, anci;
anton: toni, toncho, antosha, tosha; antoni: antek, tosiek; antonina: tonya, tosya, nina;
antonio: tono, toni, tonio, tonino, toninho, tonico, totonho, nino, tonho, antonino, antoniu;
antonios: antonis, tonis; apostolos: tolis, lakis; arkady: arkasha; arnold: noldi; artem: tema, tyoma; artur: artek;
arturo: turo; artyom: tyoma, tema; athanasios: thanasis, thanos, sakis, nasos; augustin: gustl; avraham: avi;
ayse: ays, aysen; babatunde: tunde, baba; bahram: bahi; balasubramaniam: bala, balu; balwinder: bindi, bhinda;
barbara: basia, barbie, babs, bara, borbala, varya, babette; bartholomaeus: bartel, bartl; bartlomiej: bartek;
beatriz: bea, bia, beti; benigno: ninoy; benjamin: ben, benny, benji, beni, bibi; bernhard: berni, bernie, hardy;
bogdan: boda, bogdanko; bohdan: bodia, danko; boleslaw: bolek; boris: borya, borka; bronislaw: bronek;
carlos: carlitos, charly, caca, carlinhos, litos; carmen: mamen, menchu; carolina: caro, lina;
caterina: rina, cate, nina; catherine: cathy, cath, kate, katie, kati, kitty, trina; cayetano: tano;
cecilia: ceci, chila, cecile, celia; charles: charlot, charlie, carlo; charlotte: lotte, lotti, lottie, charlie;
chiamaka: amaka; chibuzo: buzo; chidiebere: chidi, ebere; chijioke: jioke, ijoke; chinedu: nedu, edu; chinonso: nonso;
chioma: oma; christian: chris, krischan; christina: tina, chris, christel, kirsi, stina;
christos: chris, christakis, takis; chukwudi: chudi, chuks; chukwuemeka: emeka, chuks; chukwuma: chuma, chuks;
claudia: claudi, klaudia; claus: klaus; concepcion: concha, conchita; consuelo: chelo; corazon: cory, cora;
cornelis: cees, kees, cor, nelis, cornel; crisanto: santo; cristian: cris, cristi; cristina: cris, tina, titi;
czeslaw: czesiek; daniel: dani, danny, danek, danilo; daniil: danya, danila; danuta: danka;
david: dudu, dudi, davey, davi, dave, dato, datuna; deepak: deepu; denis: deniska, den; diego: dieguito;
dimitrios: dimitris, mitsos, mimis, takis, jimmy; dmitri: dima, mitya, dimka, dimon; dmitry: dima, mitya;
dolores: lola; domenico: mimmo; domingo: mingo, minggoy; dominik: nik; dorothea: dora, dorle, thea; ebrahim: ebi;
edgar: edek; edgardo: gardo; eduard: edi, edik, ede; eduardo: lalo, edu, dudu, eddie, edong;
edward: edek, ed, ned, ted, teddy; efstathios: stathis; eirini: rena; ekaterina: katya, katia, katja;
elena: lena, lenochka, alyona, lenka, lenuta, elenuta, lenusya, helenka, ilonka; eleni: lena, elenitsa, nitsa;
eleonora: nora, ela; elias: elio, eli; eliezer: lazar, leizer;
elisabeth: lisa, lise, liesl, lisl, elsbeth, betti, bettina, lilli, ilse, elli, sissi, sisi, babette, elise, lisbeth;
eliyahu: eli, elik; elizabeth: liza, eliza, elsa, elka, ela, lizzie, libby, beth, betty, bess, lisa, lis;
elzbieta: ela, elka, bietka; emanuele: manu, lele; emilio: milo, emi; emine: emo; emmanuel: manny, manu;
encarnacion: encarna; enrico: rico; enrique: quique, kike; erik: rikki; ernesto: neto, nesto, erning; ernst: erni;
erzsebet: bozsi, zsoka, zsuka, erzsi, bori, bobbe; esmail: esi; estanislao: tanis, estanis;
eugenia: genia, zhenya, nia; eugeniusz: gienek; evangelos: vangelis; evgeni: zhenya, genya; evgenia: zhenya;
evgeny: zhenya, genya; faramarz: fari; fatima: fatoum, fatou, fati, fatma, fatimah, fatme, tima;
fatma: fato, fadime, fatos; federico: fede, fico, chico, rico; felipe: pipe, lipe; felix: feliks;
ferdinand: ferdi, fernand; ferenc: feri, ferko; fereshteh: feri, fershteh; fereydoun: fereydun, feri, fred;
fernando: nando, fer, nano, nandinho, ferdie; florentino: tino; florian: flo, flori; francesca: franca, cesca, checca;
francesco: franco, cecco, checco; francine: fanny; francisca: paca, pancha, paquita, quica, chica;
francisco: paco, pancho, kiko, chico, quico, curro, frasco, cisco, isco, xico, franz, paquito, kikoy, francis;
francois: fanfan, francky; francoise: fanfan, soizic; franjo: franc; frantisek: franta, fanda; franz: franzl;
friedrich: fritz; fyodor: fedya; gabor: gabi; gabriel: gabi, gabe, gabo, biel; gabriela: gabi, ela, gaby;
gabriele: gabi, lele; gaetano: tano; galina: galya, gala; geert: gerrit; gennady: gena, genka; genoveva: veva;
georg: schorsch, jorg, jurgen, gorg; george: georgie, geo, gicu, gigi; georges: jojo;
georgios: giorgos, yorgos, yiorgos, gogos, yorgo; georgy: zhora, gosha, gora, goga, yura; gerard: gege, gerry;
gerardo: gera, lalo; gerasim: gera; gergely: gergo; gerhard: gerd, hardy, gert; gerrit: geert;
gertrud: trude, gerda, trudi, gertie; giacomo: mino, giac; gianluca: luca; gilberto: beto, gil; gioacchino: gino;
giorgi: gio, gia, goga; giorgio: gio; giovanna: gianna, vanna, nanna; giovanni: gianni, vanni, nino, giannino;
giuseppe: beppe, peppe, pino; gopal: gopu; gottfried: friedl; gregoria: oriang; gregorio: goyo, greg, gorio;
grigory: grisha, grinya; guadalupe: lupe, lupita; guillermo: memo, guille; gunther: gunni; gurpreet: gopi, preet;
gustav: gustl; gustavo: gus, tavo, guga; gyorgy: gyuri, gyurka; hanna: hania, hanka, hannusya, hanya;
hannah: hanna, hanni, hana; harpreet: happy, preeti; hasan: haso; hassan: hassouna; hatice: hatce, hato;
heinrich: heinz, heiner, hinnerk, heinzi, heino, hein; helena: lena, hela, helka, ela, lenka, ilona;
helene: leni, lene; helmut: helli; hendrik: henk, rik, hein, henny; henri: riton; henrik: henke; henryk: heniek;
hermann: herm, menne; hossein: hosi; hovhannes: hovo, hovik, vano; hubert: hubi, bert; huseyin: huso;
hussein: hasso, hussi, huso; ibrahim: ibo, brahim, ibra, ibou, barhoum, iboo; ifeanyi: ify, ifey; ifeoma: ify;
ignacio: nacho; ignacy: ignac; ignatius: iggy; ignazio: gnazio; ikechukwu: ike, ikem; ilias: lias; ilya: ilyusha;
imelda: meldy; imre: imi, imike; ines: inesita; inmaculada: inma; ioan: ionel, ionut, nelu, nica;
ioannis: yannis, giannis, yianni, yannakis, john; ion: ionel, ionut, nelu, ionica; irena: irka;
irina: ira, irinka, irisha, irka; isaac: zak; isabel: isa, chabela, bel, chavela, isabelita, belita; isidro: sidro;
ismail: ismo, smail; istvan: pista, pisti, isti, istike, stefi;
ivan: vanya, vanyusha, vanka, vanko, ivanko, ivica, vancho, vanja, ivanek; jacob: jake, jaap, koos, kobus, jaakov;
jacobus: jaap, koos, ko, kobus, cobus; jacques: jacky, jacquot, jack; jadwiga: jadzia; jagdish: jaggi, jagan;
jaime: jimmy; jakob: jockel, joggi, kobi; jakub: kuba, kubus, jakubek;
jan: janek, jas, jasiek, jasio, honza, jenda, janko, jannes, jantje, hannes, johnny; janos: jani, jancsi, janko;
jaroslaw: jarek; jaswinder: jassi; javier: javi, xavi; jean: jeannot, jano, jeanne; jeanne: jeannette, jeanneton;
jens: jenne; jerzy: jurek, jurand; jesus: chuy, chucho, chuchito, chus, suso, jesse;
joachim: achim, jochen, jo, jochim; joan: jan, joanet; joanna: asia, joasia, jo;
joao: joaozinho, jo, johnny, janjao, joca; joaquim: quim, quinzinho; joaquin: quino, chimo, ximo;
johann: hans, hansi, hannes; johanna: hanna, hanne, hanni, jo;
johannes: hans, hannes, jo, hansi, hansl, jan, joop, johan, jannes; jorge: coque, jorginho, koke;
jose: pepe, chepe, ze, joselito, josito, pepito, pepin, zeca, zezinho, cheo, josecito, coche, joey, pitoy, xose;
jose: peping; josef: sepp, pepi, jupp, jozka, pepa, pepik, seppi, joschi, beppo, jef; josefa: pepa, fina, pepita;
josefina: fina, pepa; josefino: pepe; joseph: jojo, jef, joe, joey, jos; jozef: jozek, jozko, juzek, josko, jos, jef;
jozsef: joska, jozsi, joco; juan: juanito, juancho, juanjo, johnny, juanillo; juana: juanita; judit: juci, jutka;
julia: jule, julcia; julio: julito; karel: karlicek, kaja; karl: kalle, karli, charly; karol: karolek, lolek;
karoly: karcsi, kari; katalin: kati, kata, kitti; katarina: kata, katka, kaca; katarzyna: kasia, kaska, kasienka;
katerina: katya, katka, kaca, kata, katja, kat; kateryna: katya, katrusya, katia; katharina: kathi, kaethe, katja;
katherine: kate, kathy, katie, kat, kit, kitty; kazimierz: kazik, kaz; kemal: kemo; kenechukwu: kene;
khadija: khadouj, dija, khady, hadja; khalid: khalloud, khaldoun; kirill: kirya, kiryusha; klara: klari;
konstantin: kostya, kostik, kosta, dinko; konstantinos: kostas, kostis, kostakis, dinos, ntinos, costas, costa;
krishna: kishan, kanha, krish; krystyna: krysia, kryska; krzysztof: krzysiek; ksenia: ksyusha; kurt: kuddel;
ladislav: lada, laco, vladko; lakshmi: lacchi; larisa: lara; laszlo: laci, lacko; laura: laurita, lauri;
laurens: lau, rens; laurentius: lars, lorenz, enz; lazaros: lakis; leonardo: leo, nando, nardo; leonid: lyonya, lenya;
leonora: nora; leopold: poldi, leo; leopoldo: polo, leo; leszek: lech; lev: lyova; lidia: lida; lieve: godelieve;
ligaya: gaya; lorenzo: renzo, lencho; lourdes: lulu, lourdita, lulita, lou, lurdes; lualhati: hati;
lubomir: lubo, lubos; luca: luchino; lucia: luci, lucita, chia; luciano: lucio; ludwig: wiggerl, lutz, lui;
luigi: gigi, gino, luigino; luis: lucho, luisito, guicho, lui, luisinho, wicho, lulu; luisa: lulu, luisita;
lukas: luki; lyubov: lyuba; lyudmila: lyuda, mila; magdalena: magda, lena, leni, magdi, madla, malena, lenka;
magnus: mange; mahmoud: houda, mido, hamoud, hamoudi; makar: makarik; maksim: max, maks, maksimka, maxim;
malgorzata: gosia, malgosia, goska; manouchehr: manu; manpreet: manu, mani;
manuel: manolo, manu, lolo, manolito, nelo, manny, maneco, mane, manel, manolin, manoling;
manuela: manoli, manola, manu; marcelo: celo, marce; marcin: marcinek; marek: mareczek;
margaret: maggie, meg, peggy, marge, margie, daisy, greta, rita, madge, peg; margarete: grete, gretel;
margaretha: greet, griet, grietje, greta, marga; margarethe: gretl, gretchen, grete, rita, greta, margit;
margarita: rita, margo, marga, ritochka, margot;
maria: mariquita, masha, marusya, mitzi, mari, mimi, maja, mia, marika, marija, mara, manya, mariyka, marusia, marysia;
maria: maryska, maruska, mariska, maca, marichka, mariella, mariuccia, mariechen, ria, mieke, rietje, marichu, maritza;
maria: marita, maricica, maroula, maro, moira; mariana: mari, marianita; maricel: cel; marina: marinka, marisha;
mario: mariolino, mariolo; martha: marti; martin: tincho, matti, marti; martina: tina;
maryam: mariouma, mimi, mariama; massimo: max; mateusz: mati; mathilde: tilde, tilly, hilde; matteo: teo;
matthias: matze, hias, matti, matz, mattis, hiasl; mattia: teo; maximilian: max, maxi; mehmet: memo, memet;
mercedes: meche, merche, mecha, merceditas; michael: mike, mick, micky, mickey, michi, mischa, mikey, mitch;
michail: michalis, mihalis; michal: misko, michas, misa; michelangelo: angelo; michele: lino, chele;
miguel: miguelito, migue, micky, mike, migs, miguelinho; mihail: misha, misu, mihai, misho; mihaly: misi, miska;
mikhael: miko; mikhail: misha, mishka, mishanya; mikolaj: mikus; milagros: mila, mely; milan: milanko;
miroslav: mirek, miro, mirko, slavko; miroslaw: mirek; modest: modya; mohammad: mamad, mamal;
mohammadreza: reza, mamad;
mohammed: hamoudi, hamada, mo, moh, momo, mido, hama, memet, moha, muhamed, mamadou, modou, hamma, mody; monica: moni;
monika: moni, monia; mordechai: motti, motke, mordko, moti; moshe: moishe, moshik, moishele, moyshe;
mustafa: musti, mosta, tafa, safa, mus, moss; nadezhda: nadya, nadyusha, nadia; nadiya: nadya, nadia; narayan: naru;
natalia: natasha, nata, natka, tasha, talia, nati; natalya: natasha; nathanael: nat; nicola: nico, cola;
nicolae: nicu, nae, nicusor, nelu; nicolas: nico, colas, nicky, nik; nikita: nik; nikola: nidzo, niko, koljo;
nikolai: kolya, kolka, nika; nikolaos: nikos, nikolas, nick, nikolakis; nikolaus: klaus, niko, nick, klas, nickel;
nikolay: kolya; nnamdi: namdi; noemi: mimi; norbert: nobbi, bert; obinna: obi; okechukwu: okey, okechi;
oksana: ksyusha; oleg: olezhka; oleksandr: sashko, oles, lesyk, olexa, olek; oleksandra: lesya, sasha, olesya;
olga: olya, olenka, olka, olia, lyalya, olushka; olufemi: femi; olumide: olu, mide; oluwadamilola: dami;
oluwafemi: femi; oluwaseun: seun; oluwatobi: tobi; oluwole: wole; omar: ammour, oumar, omer; onyekachi: kachi, onyeka;
osman: ousmane; ottavio: tavio; ottilie: tilly; otto: otti; pacifico: paci, pico;
panagiotis: takis, panos, panayotis, notis; paolo: paolino; paraskevas: paris; paraskevi: vivi, evi, voula;
pascual: pascu; patricia: pat, patty, tricia, pati, patri; patrick: pat, paddy, rick; paul: pauli, paulie, pol;
paula: pauli; paulo: paulinho; pavel: pasha, pashka, pavlik, pavka, pavlusha; pavlo: pavlyk; pawel: pawelek;
pedro: perico, pedrito, perucho, pedrinho, peyo, pete, pedring; petar: pero, perica, pesho, petko;
peter: pete, piet, peti, petko, petya, peterl, peterle; petr: petya, petka, petrusha, petrik; petros: petrakis;
petru: petrica; petrus: piet, peer, pieter, peet; philippe: philou, phil, fifi; piero: pierino; pierre: pierrot;
pieter: piet, pit; pietro: piero, pierino; pilar: pili, pilarica; piotr: piotrek, piotrus; pradeep: deepu;
przemyslaw: przemek; purificacion: puri; pyotr: petya; rachel: rae, shelly, rachele; radoslav: rado, rade;
radoslaw: radek; rafael: rafa, rafi, fael, falo, rafinha; raffaele: lello, raf; raimund: rai, mundl; raisa: raya;
rajendra: raj, raju, rajen; rajesh: raju, raj; ramesh: ramu; ramon: moncho, mon, monching; raymond: ray, mond;
rebecca: becky, becca, rivka, rifka; reinhard: hardy, reini; reinhold: holdi; remedios: reme;
renata: renia, rena, reni; reynaldo: rey, naldo; ricardo: richi, cacho, ricky, cadito, rico, carding;
richard: rick, dick, ricky, richie, rico; robert: robi, robsi, bob, rob, bert, berti, robbie, bobby, robik;
roberto: beto, berto, bob, robi, tito, robertino; rodolfo: fito, rodo, rudy, dolfo; rodrigo: rodri, digo, rigo;
rogelio: roger, gelio, rogel; rolando: rolo, lando, rolly, olan; roman: roma, romek, romko, romchyk; romualdo: mundo;
ronaldo: naldo; rosa: rosita, rosi, rosie, rosina, rosinha; rosalia: lia, rosa; rosalinda: linda, rosa;
rosario: charo, charito, sario, saro, chayo, charing; rostislav: rostik; rudolf: rudi, rolf, dolf;
ruth: ruthie, rut, ruti; ryszard: rysiek; salvador: chava, salva, buddy, dodong, badong; salvatore: toto, turi;
samuel: sam, sami, sammy, milo; sandeep: sandy; sandor: sanyi, sandorka, sandi; sanjay: sanju; santiago: santi, chago;
sarah: sally, sadie, sari, sarel; sebastian: seba, basti, wastl, bastian, sebi, basty; sebastien: seb, bastien;
semyon: syoma, senya, sema; serafim: sima; sergei: seryozha, serezha, seryoga, seryi, sergi;
sergey: seryozha, serezha; sergio: checo, sergi, checho; serhiy: serhiyko, serho, sergo; shimon: shimi;
shlomo: shloime, momo, shlomi; shmuel: shmulik, muli, sami; siegfried: sigi, siggi; sigismund: sigi; sigrid: siri;
silvester: silvio; silvia: silvi, chivi; simon: simi, simo; slawomir: slawek; slobodan: boban, sloba;
sofia: sonya, sonia, fia, sophie, zosia, sofi, chofi; sofya: sonya, sonia; soledad: sole, chole; solomiya: solya;
solomon: sol, zalman; somtochukwu: somto; sophia: sophie, sonja, fieke, soph; spyridon: spyros, pipis;
stanislav: stas, slavik, stasik, stano, stanko; stanislaw: staszek, stach, stasiu, stas, stasio; stavros: stavrakis;
stavroula: voula, roula; stefan: stef, stefek, steffen, steff, cefo; stefania: fania, stefi, stefcia;
stefano: ste, stefanino; stephanie: steffi, fanny, steph, stephie; steven: steve, stevie; subramaniam: mani, subbu;
sulayman: sulo; suleyman: sulo; sunita: suni; suresh: suri; susana: susi, su;
susanna: sanna, susi, sanne, susa, zuza, zuzka; svetlana: sveta, svetka, lana; svitlana: svita, lana;
tadeusz: tadek, tadzio; tamar: tami, tamuna; tamara: toma, tama;
tatiana: tanya, tania, tanja, tata, tanyusha, tanka, tanechka; tatyana: tanya, tania, tanja; temitope: temi, tope;
teodor: toshko, todor, fedya; teodoro: doro, teddy, dodong;
teresa: tere, teresita, resa, tesa, teresina, sasa, terka, terenia; terez: teri; theodor: theo, teddy, dorle;
theodora: dora, thea; theodoros: thodoris, doris, ted; theodorus: theo, dorus, dirk; theresia: resi, resl, resa;
thomas: tom, tommy, thom, tommi, tomek, maas; tihomir: tiho; timofei: tima, timosha; timofey: tima;
tobias: tobi, tobit, tobia; tochukwu: tochi; todor: tosho, toshko; tomas: tom, tommy, tomasito, tomik, mas;
tomasz: tomek; tomislav: tomo, tom, slavko; tsvi: zvika; uchenna: uche; umberto: berto;
ursula: uschi, ulla, uli, ursel; urszula: ula; uzochukwu: uzo; vadim: vadik, vadya; valentin: valya, val, tino;
valentina: valya, val, tina; valeria: lera, valera, vale; valery: valera; varvara: varya;
vasile: vasilica, lica, vali; vasilios: vasilis, billy, vassilis; vasily: vasya, vaska, vasyok; vasyl: vasylko, vasko;
veniamin: venya; venkatesh: venky, venkat; venkateswara: venkat; vera: verochka, verusya;
veronica: vero, nica, ronnie; veronika: nika, vroni, verka; viacheslav: slava, slavik;
vicente: chente, vicent, tito, vicenteng; victoria: vicky, viki, toria, tory, vika; vijay: viju; vikram: vicky, vik;
viktor: vitya, vitek, vitia, vityusha, vitko; viktoria: vika, viki; vincenzo: enzo, cenzo, vincenzino, censin;
virginia: ginny, gina, vicky; vitaly: vitalik, vitya; vittorio: vito, toio; vivek: vicky;
vladimir: vova, volodya, vlad, volodia, vovka, vovan, vlado, vladko, vlada, volodka;
vladislav: vlad, slava, vladik, vlado; vlasta: vlastik; vojtech: vojta; volodymyr: volodya, vova, vlodko, volodka;
vsevolod: seva; vyacheslav: slava, slavik; waclaw: wacek; walter: walti, wouter, wolly; wenceslao: wence;
werner: werni; wieslaw: wiesiek; wilhelm: willi, helmut, wim, willy, helm, bill, will, vili, villi;
wilhelmina: mina, minna, mien, willemien, mientje, helma, wilma, minnie; willem: wim, pim, willy, wil;
wladyslaw: wladek; wlodzimierz: wlodek; wojciech: wojtek; wolfgang: wolfi, wolf, wolle;
yaakov: yankel, kobi, koby, yankele; yakov: yasha, yankel; yakub: kubo; yaroslav: slava; yefim: fima;
yehoshua: shuki, yoshua, heshy, shuka; yehuda: yudi, udi, yidel; yekaterina: katya, katyusha, katia, katerina, katka;
yelena: lena, alyona, lenka; yelizaveta: liza, lizka; yevgenia: zhenya; yevgeny: zhenya, genya;
yevhen: zhenya, yevhenko; yisrael: srulik, isser; yitzhak: itzik, itzhak, zak, tzahi, izzy; yohanan: yoni, hanan;
yonatan: yoni, natan, yonathan; yosef: yossi, yossele, yoske, sefi, yosi, yoss;
youssef: yous, sousou, joe, youssou, jojo, yusi; yuliya: yulia, yulya, yulka, yulechka;
yuri: yura, yurka, yurik, yurko, yurasik; yusuf: yusi, yuso; yvonne: yve; zainab: zouzou, zena, zizi, zeyno, zaynouba;
zbigniew: zbyszek; zdenek: zdena; zdzislaw: zdzisiek; zeynep: zeyno; zinaida: zina; zofia: zosia, zoska; zoltan: zoli;
zsuzsanna: zsuzsa, zsuzsi; zuzana: zuzka, zuza; zvonimir: zvonko; zygmunt: zygmus;
"""

OTHER_SPELLINGS = """
li, lee, ly, 李; wang, wong, ong, 王; zhang, chang, cheung, teo, 张, 張; chen, chan, tan, chin, 陈, 陳;
liu, lau, low, 刘, 劉;
huang, wong, hwang, ng, ooi, 黄, 黃; zhao, chao, chiu, 赵, 趙; wu, woo, goh, ng, 吴, 吳; zhou, chou, chow, chew, 周;
xu, hsu, hui, koh, 徐, 许; zhu, chu, choo, 朱; guo, kuo, kwok, quek, 郭; lin, lam, lim, 林; luo, lo, law, 罗;
zheng, cheng, tay, 郑; xie, hsieh, tse, chia, 谢; cai, tsai, choi, chua, 蔡; ye, yeh, yip, 叶; jiang, chiang, 蒋, 江;
cao, tsao, 曹; zeng, tseng, tsang, 曾; xiao, hsiao, siu, 肖, 萧; qian, chien, 钱; qiu, chiu, khoo, 邱; kim, gim, 金;
lee, yi, rhee; park, pak, bak; choi, choe; jung, jeong, chung, jong; kang, gang; cho, jo, joh; yoon, yun; jang, chang;
lim, im, rim; seo, suh, so; shin, sin; kwon, gwon; hwang, whang; ahn, an; yoo, yu, ryu; noh, roh; moon, mun; bae, pae;
paik, baek, baik; hee, hui, hi; young, yeong, yong, yung; jung, jeong, chung, jong; kyung, gyeong, kyong, kyoung;
eun, un, oun; sun, seon, son, soon; hyun, hyeon, hyon, hyoun; jun, joon, chun; hoon, hun, heon; soo, su; woo, wu, u;
joo, ju, chu; kyu, gyu, kyoo; ki, gi, kee; chul, cheol, chol, chull; suk, seok, sok, sook, seuk;
sung, seong, song, seung, soung; yeon, yun, yon, youn, yoon; won, weon, one; jae, jay, chae; jin, chin, jean;
tae, tai; hyuk, hyeok, hyok; hyung, hyeong, hyong, hyoung; gil, kil; gun, geon, kon, keon; kuk, gook, guk, kook;
kwang, gwang; koo, gu, ku, goo; keun, geun, kun; keum, geum, kum; duk, deok, tok, dug; dong, tong; doo, du;
myung, myeong, myong, myoung; moo, mu; moon, mun; mi, mee; bum, beom, pom; byung, byeong, pyong, byoung; bok, pok;
bong, pong; bin, been; sub, sup, seop, sop, seob; sik, shik, sick; yul, yeol, yol, youl; ok, ock; wook, uk, ook;
woong, ung; eui, ui, yi; ja, cha; joong, jung, chung; ji, jee, chi; choon, chun; taek, taeg, tack; hye, hae, hea;
hoo, hu; ho, hoh; ryong, yong; hak, hag; ah, a; ae, ai; pil, phil; yeop, yup, yeob;
mohammed, muhammad, mohamed, mohammad, muhammed, محمد; mehmet, mehmed; ahmed, ahmad, ahmet, احمد, أحمد;
mahmoud, mahmud, mahmut, محمود; mustafa, moustafa, mostafa, mustapha, مصطفي, مصطفى; ali, aly, علي, على;
hassan, hasan, حسن; hussein, husayn, hussain, hossein, huseyin, حسين; omar, umar, omer, عمر;
osman, othman, uthman, usman, عثمان; khalid, khaled, halid, خالد;
youssef, yusuf, yousef, joseph, josef, jozef, jose, giuseppe, yosef, iosif, يوسف, יוסף;
ibrahim, ebrahim, brahim, abraham, avraham, ابراهيم, إبراهيم, אברהם; ismail, ismael, ishmael, اسماعيل;
abdullah, abdallah, abdulla, عبدالله; abdul, abdel, abdoul, عبد; rahman, rehman, rachman, رحمن; said, saeed, سعيد;
karim, kareem, kerim, كريم; tariq, tarek, tarik, طارق; rashid, rasheed, rachid, resit, راشد, رشيد;
jamal, gamal, djamel, cemal, جمال; hamza, hamzah, hamzeh, حمزة, حمزه; bilal, belal, بلال; salman, selman, سلمان;
nasser, nasir, naser, ناصر; faisal, feisal, faysal, فيصل; walid, waleed, oualid, وليد; samir, sameer, سمير;
saleh, salih, صالح; salah, صلاح; fatima, fatma, fatemeh, فاطمة, فاطمه; aisha, ayesha, aicha, ayse, عائشة, عايشه;
khadija, hatice, khadijah, خديجة; maryam, mariam, meryem, miriam, maria, mary, marie, مريم, מרים;
zainab, zeynep, zaynab, زينب; layla, leila, laila, ليلى, ليلي; noura, nora, nura, نورة; haddad, حداد;
khoury, khouri, خوري; mansour, mansur, mansoor, منصور; david, dawud, daoud, davud, داود, דוד;
moshe, moses, musa, moussa, موسى, משה; isa, issa, عيسى;
yahya, john, juan, jean, giovanni, joao, johannes, ivan, jan, johann, ioannis, yannis, ian, sean, يحيى;
daniel, danyal, دانيال, דניאל; sarah, sara, سارة, שרה; rachel, raquel, rahel, רחל; cohen, kohen, kahn, cohn, כהן;
levi, levy, halevi, לוי;
alexander, aleksandr, alexandre, alessandro, alejandro, aleksander, oleksandr, alexandros, iskander, اسكندر;
alexandra, aleksandra, alessandra, alejandra, oleksandra; alexey, aleksey, alexei, aleksei, oleksiy, alexis;
andrew, andrey, andrei, andreas, andre, andres, andrea, andrzej, andriy;
anthony, antonio, antoine, anton, antonios, antoni;
catherine, katherine, katharina, yekaterina, ekaterina, caterina, catalina, katarzyna, kateryna, aikaterini, ecaterina;
charles, carlos, karl, carl, carlo, karel, karol;
christopher, christophe, cristobal, krzysztof, kristoffer, christoforos;
christina, kristina, cristina, christine, krystyna; demetrius, dmitry, dmitri, dimitri, dmytro, dimitrios, dimitris;
edward, eduardo, edouard, eduard, edvard; elena, helena, yelena, olena, eleni, helen, helene, ilona;
elizabeth, elisabeth, elisabetta, elzbieta, yelizaveta, elisaveta; eric, erik, erich;
eugene, yevgeny, evgeny, evgeni, yevhen, eugenio, eugeniusz; eva, ewa, yeva, eve;
francis, francisco, francois, francesco, franz, frantisek, franciszek;
frederick, friedrich, frederic, federico, fryderyk, fredrik; gabriel, jibril, cebrail, جبريل, גבריאל;
george, georg, georges, jorge, giorgio, georgy, georgiy, jiri, jerzy, georgios, giorgos, heorhiy;
gregory, gregorio, grigory, gregor, grzegorz, grigorios, hryhoriy; olga, olha;
henry, heinrich, enrique, henri, enrico, henryk, hendrik, henrique; hugo, ugo, hugues; irina, iryna, irene, irini;
jacob, jakob, jacques, giacomo, yakov, yaqub, yakup, jakub, يعقوب, יעקב; yuri, yury, iouri, yuriy, yurii;
julia, yulia, yuliya, giulia, iuliia, juliya; laura, lora; lawrence, laurent, lorenzo, laurence;
louis, luis, luigi, ludwig, luiz, ludovic; lucas, luke, luca, lukas, lukasz, luka; lucy, lucia, lucie, luzia;
ludmila, lyudmila, liudmyla; mark, marco, marcos, marcus, marek, markus, marc; martin, marcin, martino, marten;
matthew, mateo, matthias, matteo, mathieu, matthieu, mateusz, matvey, matthaios;
michael, mikhail, miguel, michel, michele, michal, mykhailo, mihail, mikael, mihai, mikail, ميخائيل, מיכאל;
natalia, natalya, nataliya, nathalie, natalie;
nicholas, nikolay, nikolai, nicolas, nicola, mykola, mikolaj, nikolaos, niklas, nikola; olaf, olav, olof;
paul, pablo, paolo, pavel, paulo, pawel, pavlo, pavlos, pal, boulos, بولس;
peter, pedro, pierre, pietro, piotr, pyotr, petr, petro, petros, per, pieter, boutros, بطرس;
philip, felipe, philippe, filippo, filip, philippos; ralph, raul, raoul; raphael, rafael, raffaele, rafal;
richard, ricardo, riccardo, ryszard; robert, roberto, ruprecht; roman, romain, romano;
sebastian, sebastien, sebastiano, sebastiao; sergey, sergei, sergio, serge, serhiy, sergiy;
simon, simeon, semyon, szymon, shimon, שמעון; sofia, sophia, sophie, zofia, sofya;
stephen, steven, stefan, esteban, etienne, stefano, stepan, szczepan, stephan, stefanos;
susan, susanna, suzanne, zuzanna; svetlana, svitlana; tatiana, tatyana, tetiana, tatjana;
theodore, fyodor, fedor, teodor, theodoros, teodoro; theresa, teresa, therese;
thomas, tomas, tomasz, tommaso, foma, tome; timothy, timofey, timoteo; valentine, valentin, valentyn;
vasily, vasiliy, basil, vasyl, vasilis, basilio, vassili; victor, viktor, vittorio, wiktor;
vincent, vicente, vincenzo, wincenty; vladimir, volodymyr, wladimir, vladimiro, wlodzimierz;
walter, gualtiero, volter; william, guillermo, wilhelm, guillaume, willem, guglielmo, guilherme;
xenia, ksenia, kseniya; yaroslav, jaroslav, jaroslaw;
"""

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
