-- Near hashes are found by comparing all, in memory: no index by chunks, but a number by which to read what is new.

DROP INDEX pdq_by_chunk;
ALTER TABLE pdq
    DROP COLUMN chunks,
    ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pdq_number UNIQUE;
ALTER TABLE pdq RESET (autovacuum_analyze_scale_factor);
COMMENT ON TABLE pdq IS
    'Each PDQ hash that a picture has, once, however many tips show it: a viral picture is one row. number grows in the '
    'order of commits, as one writer at a time holds the lock of the graph: whoever has read up to one has read all below.';
