-- How many tips of each source stand in each state, kept as they change: counting them all takes longer every year.
--
-- Writers only ever add rows, so that none waits for another; the count is the sum. About every 100th row, whoever wrote
-- it replaces the rows by their sum, unless somebody is at that already.

CREATE TABLE tip_count (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT tip_count_pkey PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    state text NOT NULL,
    tips bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE tip_count IS
    'The number of a source''s tips in a state is the sum of tips over its rows here; a tip that changes its state counts '
    '-1 there and 1 here.';

CREATE FUNCTION count_tips() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tip_count (source, state, tips) SELECT source, state, count(*) FROM added GROUP BY source, state;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO tip_count (source, state, tips) SELECT source, state, -count(*) FROM removed GROUP BY source, state;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tip_added AFTER INSERT ON tip
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_tips();
CREATE TRIGGER tip_changed AFTER UPDATE ON tip
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_tips();

-- No tip changes from here to the end of this migration: making a trigger locks the table against writers.
INSERT INTO tip_count (source, state, tips) SELECT source, state, count(*) FROM tip GROUP BY source, state;

CREATE FUNCTION add_up_tips() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added WHERE id % 100 = 0)
        AND pg_try_advisory_xact_lock(hashtext('tip_count'), hashtext(current_schema()))
    THEN
        WITH gone AS (DELETE FROM tip_count RETURNING source, state, tips)
        INSERT INTO tip_count (source, state, tips) SELECT source, state, sum(tips) FROM gone GROUP BY source, state;
    END IF;
    RETURN NULL;
END $$;
-- Not for the sums themselves, which are written a level deeper.
CREATE TRIGGER tip_counted AFTER INSERT ON tip_count
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT WHEN (pg_trigger_depth() = 1) EXECUTE FUNCTION add_up_tips();
