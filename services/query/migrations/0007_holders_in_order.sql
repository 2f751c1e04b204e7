-- Of a value that thousands hold a look-up reads so many holders, always the same: by the index alone.
DROP INDEX record_key_canonical;
CREATE INDEX record_key_canonical ON record_key (type, canonical, record_id);
