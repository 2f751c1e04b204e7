-- The tables of delivery, the same in every service's schema: what came in, what goes out, what was done once.

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key bytea,
    value bytea,
    headers jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX outbox_shard_id ON outbox (shard, id);
COMMENT ON TABLE outbox IS 'Events committed here and not yet on Kafka; a queue, so rows are deleted once Kafka has them.';

CREATE TABLE outbox_shard (
    shard smallint CONSTRAINT outbox_shard_pkey PRIMARY KEY,
    next_seq bigint NOT NULL DEFAULT 1,
    first_seq bigint NOT NULL DEFAULT 1,
    in_flight bigint[] NOT NULL DEFAULT '{}',
    claimed_at timestamptz
);
COMMENT ON TABLE outbox_shard IS
    'What the relay of a shard is sending: in_flight lists outbox ids, numbered densely from first_seq in that order, '
    'written before the first send so that a resend carries the same numbers.';

CREATE FUNCTION outbox_announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '_outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_announce AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_announce();

CREATE TABLE fence (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    CONSTRAINT fence_pkey PRIMARY KEY (consumer_group, topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE fence IS
    'How far each partition was applied; moved in the same transaction as the effects. Kafka offsets are only a hint.';

CREATE TABLE inbox (
    event_id uuid CONSTRAINT inbox_pkey PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_received_at ON inbox USING brin (received_at);
COMMENT ON TABLE inbox IS 'Events applied already, so that a repeat does nothing; pruned after the topics'' retention.';

CREATE TABLE once (
    key text CONSTRAINT once_pkey PRIMARY KEY,
    done_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE once IS 'Things recorded at most once, by name: a session''s first use, an address''s refusal in a minute.';

CREATE TABLE idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_pkey PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
COMMENT ON TABLE idempotency IS 'Answers given under an Idempotency-Key, repeated for 24 hours.';

-- The app role's name follows from the schema's. It owns nothing.
DO $$
DECLARE
    app text := current_schema() || '_app';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON outbox, outbox_shard, fence, inbox, once, idempotency TO %I', app);
END $$;
