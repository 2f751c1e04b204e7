-- Searching leaves the log: `entry` keeps its key, and what can be searched for is filled in behind the log's end.

CREATE TABLE event (
    head_id integer NOT NULL,
    index bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    type text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    actor_id text,
    outcome text NOT NULL,
    is_verified boolean,
    CONSTRAINT event_pkey PRIMARY KEY (head_id, index)
);
-- The list of events, by each of its filters, in the order of the log; and an actor's events in the order of time.
CREATE INDEX event_actor ON event (actor_id, head_id, index);
CREATE INDEX event_subject ON event (subject_id, head_id, index);
CREATE INDEX event_type ON event (type, head_id, index);
CREATE INDEX event_occurred_at ON event (head_id, occurred_at);
CREATE INDEX event_timeline ON event (actor_id, occurred_at, head_id, index);
COMMENT ON TABLE event IS
    'What the headers of entries of kind event say, for searching; verify compares it with them. is_verified says whether '
    'the MAC is the producer''s, null when audit had no keys.';

CREATE TABLE shown (
    record_id text NOT NULL,
    head_id integer NOT NULL,
    index bigint NOT NULL,
    CONSTRAINT shown_pkey PRIMARY KEY (record_id, head_id, index)
);
COMMENT ON TABLE shown IS 'Which records an event showed to its actor, from its body: who looked at what.';

CREATE TABLE projected (
    head_id integer CONSTRAINT projected_pkey PRIMARY KEY,
    index bigint NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE projected IS
    'Up to which entry of each log all that follows the log was filled in. Its owner may empty it together with what is '
    'derived (event, shown, producer): it is then filled anew.';

CREATE TABLE producer (
    name text CONSTRAINT producer_pkey PRIMARY KEY,
    numbers int8multirange NOT NULL
);
COMMENT ON TABLE producer IS 'The numbers (seq) of each producer''s records in the log whose MAC is right: dense, if none is lost.';

CREATE TABLE anomaly (
    kind text NOT NULL CONSTRAINT anomaly_kind CHECK (
        kind IN ('unsigned', 'bad_mac', 'unknown_producer', 'foreign_topic', 'repeated_number', 'lost_offsets')),
    head_id integer NOT NULL,
    index bigint NOT NULL,
    noticed_at timestamptz NOT NULL,
    CONSTRAINT anomaly_pkey PRIMARY KEY (head_id, index, kind)
);
COMMENT ON TABLE anomaly IS 'Entries whose producer cannot have sent them so, or before which Kafka lost records.';

CREATE TABLE missing_number (
    producer text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL CONSTRAINT missing_number_last CHECK (last >= first),
    noticed_at timestamptz NOT NULL,
    CONSTRAINT missing_number_pkey PRIMARY KEY (producer, first, last)
);
COMMENT ON TABLE missing_number IS
    'Numbers of a producer that were never logged, though audit had read all that Kafka had. Those that came later after '
    'all stand in producer.numbers too.';

ALTER TABLE entry
    DROP COLUMN occurred_at, DROP COLUMN type, DROP COLUMN subject_kind, DROP COLUMN subject_id, DROP COLUMN actor_id,
    DROP COLUMN outcome;
COMMENT ON TABLE entry IS
    'A record of Kafka as it lay there (body), what of it outlives the body (header), and its leaf: SHA-256 of 0x00, '
    'header and commit, where commit is the SHA-256 of body. kafka_offset and event_id repeat the header, as keys.';

DO $$
DECLARE
    app text := current_schema() || '_app';
    added text;
BEGIN
    FOREACH added IN ARRAY ARRAY['event', 'shown', 'anomaly', 'missing_number'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', added, app);
    END LOOP;
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (index) ON projected TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (numbers) ON producer TO %I', app);
END $$;
