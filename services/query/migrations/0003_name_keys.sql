-- Names are found by two of their words together, no longer word by word: what half the world is called is on record too
-- often to be read. What is on record already is filed by `python -m services.query rebuild`.

SET LOCAL lock_timeout = '5s';

ALTER TABLE record ADD COLUMN record_no integer GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX record_record_no ON record (record_no);
COMMENT ON TABLE record IS
    'A subject party of a tip, by its party id; no other role is ever kept. names is a list of [as given, [words, ...]], '
    'each the folded words of a reading with a blank between. research_id is that of the research result it came with, '
    'which amendments of the tip leave alone. record_no is short for the id, in name_key alone.';

DROP TABLE record_word;

CREATE TABLE name_key (
    key integer NOT NULL,
    record_no integer NOT NULL,
    CONSTRAINT name_key_pkey PRIMARY KEY (key, record_no)
);
COMMENT ON TABLE name_key IS
    'What each record''s names are filed under: hashes of two words together, of a word and an initial, of a word, of '
    'the birth date; written and removed with their record.';

CREATE TABLE name_word (
    word text CONSTRAINT name_word_pkey PRIMARY KEY,
    holders integer NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE name_word IS 'How many records have a word in a name, or had: every word ever met in one is here.';

COMMENT ON TABLE spelling IS
    'Every word ever met in a name, under itself, itself less one letter, how it sounds, and the names it is a form of, so '
    'that words that are alike meet in a key.';
