-- What the holders of a value say of it is kept, so that a new model weighs all values without asking them again.

ALTER TABLE key ADD COLUMN tally smallint[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN key.tally IS
    'What pairs of holders say, in pairs: compared, births agreed and told, names agreed and told, in company, of those '
    'births agreed and told, names agreed and told, and left out because they share a finer value. Empty where nobody '
    'or everybody holds it.';
