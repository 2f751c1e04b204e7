-- Records of silent leads are not counted among those that hold a word: what others weigh by it would tell of them.

ALTER TABLE record ADD COLUMN is_counted boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN record.is_counted IS
    'Whether its words are counted in name_word: not while its tip is of a silent lead.';
CREATE INDEX record_uncounted ON record (record_no) WHERE NOT is_counted;
CREATE INDEX lead_silent ON lead (cluster_id) WHERE silent AND merged_into IS NULL;
