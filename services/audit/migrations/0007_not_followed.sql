-- An entry that cannot be followed is set aside on record, so that those behind it are followed.

ALTER TABLE anomaly
    ADD COLUMN error text,
    DROP CONSTRAINT anomaly_kind,
    ADD CONSTRAINT anomaly_kind CHECK (kind IN (
        'unsigned', 'bad_mac', 'unknown_producer', 'foreign_topic', 'repeated_number', 'lost_offsets', 'not_followed',
        'not_judged'));
COMMENT ON TABLE anomaly IS
    'Entries whose producer cannot have sent them so, before which Kafka lost records, or (not_followed, '
    'not_judged, with the class of the error) that audit could not look into, or sensors could not judge the day of.';
