-- The log: a head for each Kafka partition, and an entry for each of its records. services/audit/domain describes the
-- bytes. What is here is only added to: by rights for the app role, by triggers for everyone.

CREATE TABLE head (
    id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT head_pkey PRIMARY KEY,
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    size bigint NOT NULL CONSTRAINT head_size CHECK (size >= 0),
    next_offset bigint NOT NULL CONSTRAINT head_next_offset CHECK (next_offset >= size),
    frontier bytea NOT NULL,
    CONSTRAINT head_place UNIQUE (topic, partition),
    CONSTRAINT head_frontier CHECK (length(frontier) = 32 * bit_count(size::bit(64)))
) WITH (fillfactor = 50);
COMMENT ON TABLE head IS
    'The end of each partition''s log: entries so far, the Kafka offset that comes next, and the roots of the perfect '
    'subtrees of its Merkle tree (RFC 9162), largest first. Moved in the transaction that adds the entries.';

CREATE TABLE entry (
    index bigint NOT NULL CONSTRAINT entry_index CHECK (index >= 0),
    kafka_offset bigint NOT NULL CONSTRAINT entry_kafka_offset CHECK (kafka_offset >= index),
    occurred_at timestamptz,
    event_id uuid,
    head_id integer NOT NULL,
    kind text NOT NULL CONSTRAINT entry_kind CHECK (kind IN ('event', 'duplicate', 'opaque')),
    type text,
    subject_kind text,
    subject_id text,
    actor_id text,
    outcome text,
    header bytea NOT NULL,
    commit bytea NOT NULL CONSTRAINT entry_commit CHECK (length(commit) = 32),
    leaf bytea NOT NULL CONSTRAINT entry_leaf CHECK (length(leaf) = 32),
    body bytea NOT NULL,
    CONSTRAINT entry_pkey PRIMARY KEY (head_id, index),
    CONSTRAINT entry_opaque CHECK ((kind = 'opaque') = (event_id IS NULL))
);
-- A partition has an event once; what comes again is of kind duplicate.
CREATE UNIQUE INDEX entry_event_id ON entry (event_id, head_id) WHERE kind = 'event';
-- The list of entries, by each of its filters, in the order of the log.
CREATE INDEX entry_actor ON entry (actor_id, head_id, index) WHERE kind = 'event';
CREATE INDEX entry_subject ON entry (subject_id, head_id, index) WHERE kind = 'event';
CREATE INDEX entry_type ON entry (type, head_id, index) WHERE kind = 'event';
CREATE INDEX entry_occurred_at ON entry (head_id, occurred_at) WHERE kind = 'event';
COMMENT ON TABLE entry IS
    'A record of Kafka as it lay there (body), what of it outlives the body (header), and its leaf: SHA-256 of 0x00, '
    'header and commit, where commit is the SHA-256 of body. The other columns repeat the header, for searching.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is only added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER entry_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER head_is_kept BEFORE DELETE OR TRUNCATE ON head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size <= OLD.size OR NEW.next_offset <= OLD.next_offset
        OR (NEW.id, NEW.topic, NEW.partition) IS DISTINCT FROM (OLD.id, OLD.topic, OLD.partition) THEN
        RAISE EXCEPTION 'the log is only added to: a head moves forward' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER head_moves_forward BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION refuse_shrinking();

-- Replicated or restored sessions are refused too.
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_is_kept;
ALTER TABLE head ENABLE ALWAYS TRIGGER head_is_kept;
ALTER TABLE head ENABLE ALWAYS TRIGGER head_moves_forward;

DO $$
DECLARE
    app text := current_schema() || '_app';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON entry TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT (topic, partition, size, next_offset, frontier), '
        'UPDATE (size, next_offset, frontier) ON head TO %I', app);
END $$;
