-- What the holders of a value say of it is kept, so that a new model weighs all values without asking them again; and
-- who held it once, so that a value which was too common does not come and go with one tip.

ALTER TABLE key
    ADD COLUMN tally smallint[] NOT NULL DEFAULT '{}',
    ADD COLUMN former_count integer NOT NULL DEFAULT 0 CONSTRAINT key_former_count CHECK (former_count >= 0);
COMMENT ON COLUMN key.tally IS
    'What pairs of holders say, in pairs: compared, births agreed and told, names agreed and told, in company, of those '
    'births agreed and told, names agreed and told, and left out because they share a finer value. Empty where nobody '
    'or everybody holds it.';
COMMENT ON COLUMN key.former_count IS 'In how many distinct tips it may have linked in an older version, and not now.';

CREATE TABLE former_holding (
    tip_id uuid NOT NULL,
    key_id uuid NOT NULL,
    CONSTRAINT former_holding_pkey PRIMARY KEY (tip_id, key_id)
);
COMMENT ON TABLE former_holding IS
    'Values by which a tip may have been linked in an older version and holds no longer: key.former_count counts them.';

-- Most values are one tip's alone: what tips share is found in an index that does not hold those.
CREATE INDEX key_shared ON key (key_id) WHERE tip_count > 1;
