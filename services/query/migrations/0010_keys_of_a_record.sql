-- The holders of an identifier come in the order of their records. Where most records hold the same one, PostgreSQL read all
-- there are in that order instead, for each identifier asked for, by this index: a hash has no order.

SET LOCAL lock_timeout = '5s';

DROP INDEX record_key_record_id;
CREATE INDEX record_key_record_id ON record_key USING hash (record_id);
