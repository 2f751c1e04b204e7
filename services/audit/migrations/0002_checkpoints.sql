-- What was signed of the logs: by whom, of which size, and the tiles that proofs are made from.

CREATE TABLE tile (
    head_id integer NOT NULL,
    level smallint NOT NULL CONSTRAINT tile_level CHECK (level >= 0),
    index bigint NOT NULL CONSTRAINT tile_index CHECK (index >= 0),
    root bytea NOT NULL CONSTRAINT tile_root CHECK (length(root) = 32),
    hashes bytea NOT NULL CONSTRAINT tile_hashes CHECK (length(hashes) = 256 * 32),
    CONSTRAINT tile_pkey PRIMARY KEY (head_id, level, index)
);
COMMENT ON TABLE tile IS
    'Full tiles of each log''s Merkle tree: of level 0 the hashes are 256 leaves, of a level above the roots of 256 tiles '
    'below. Those that are not full are the leaves and roots that are not in a tile yet.';

CREATE TABLE checkpoint (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT checkpoint_pkey PRIMARY KEY,
    made_at timestamptz NOT NULL,
    note text NOT NULL
);
COMMENT ON TABLE checkpoint IS 'Signed notes over topic, partition, size and root of every log at one moment.';

CREATE TABLE log_checkpoint (
    head_id integer NOT NULL,
    size bigint NOT NULL CONSTRAINT log_checkpoint_size CHECK (size > 0),
    frontier bytea NOT NULL CONSTRAINT log_checkpoint_frontier CHECK (length(frontier) = 32 * bit_count(size::bit(64))),
    checkpoint_id bigint NOT NULL CONSTRAINT log_checkpoint_of REFERENCES checkpoint,
    note text NOT NULL,
    CONSTRAINT log_checkpoint_pkey PRIMARY KEY (head_id, size)
);
COMMENT ON TABLE log_checkpoint IS
    'Of each checkpoint, the logs that had grown: what was signed of one log alone, for witnesses and proofs. One size '
    'has one root, by its key.';

CREATE TABLE cosignature (
    head_id integer NOT NULL,
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    CONSTRAINT cosignature_pkey PRIMARY KEY (head_id, size, witness),
    CONSTRAINT cosignature_of FOREIGN KEY (head_id, size) REFERENCES log_checkpoint
);
COMMENT ON TABLE cosignature IS
    'The line by which a witness says that a log checkpoint is consistent with all it has seen of that log.';

DO $$
DECLARE
    app text := current_schema() || '_app';
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['tile', 'checkpoint', 'log_checkpoint', 'cosignature'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept || '_is_kept', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', kept, kept || '_is_kept');
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', kept, app);
    END LOOP;
    EXECUTE format('GRANT SELECT ON SEQUENCE checkpoint_id_seq TO %I', app);
END $$;
