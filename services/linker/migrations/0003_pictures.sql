-- Near-duplicate pictures: which tip shows which, and an index that finds every hash within 31 bits of one.

CREATE TABLE picture (
    tip_id uuid NOT NULL,
    number integer NOT NULL,
    hash bit(256) NOT NULL,
    is_viral boolean NOT NULL,
    CONSTRAINT picture_pkey PRIMARY KEY (tip_id, number)
);
CREATE INDEX picture_hash ON picture (hash, tip_id);
CREATE INDEX picture_viral ON picture (hash) WHERE is_viral;
COMMENT ON TABLE picture IS
    'One tip holds one picture, by its PDQ hash; replaced as a whole when the tip changes. No foreign keys: one writer at '
    'a time fills picture and pdq together.';

-- The most common chunks are read from the statistics of this table, which are therefore kept fresher than usual.
CREATE TABLE pdq (
    hash bit(256) CONSTRAINT pdq_pkey PRIMARY KEY,
    chunks integer[] NOT NULL CONSTRAINT pdq_chunks CHECK (cardinality(chunks) = 16)
) WITH (autovacuum_analyze_scale_factor = 0.02);
-- A list of pending rows would be read through by every search, and the one that empties it would wait for that.
CREATE INDEX pdq_by_chunk ON pdq USING gin (chunks) WITH (fastupdate = off);
COMMENT ON TABLE pdq IS
    'Each PDQ hash that a picture has, once, however many tips show it: a viral picture is one row. chunks are its 16 '
    'parts of 16 bits under their numbers, as services/linker/domain/pdq.py cuts them.';
