-- How a look-up stands is kept with it: a page of those that stand so is found by an index, however many stand otherwise.

ALTER TABLE lookup ADD COLUMN standing text NOT NULL DEFAULT 'unexplained';
UPDATE lookup SET standing = now.standing
FROM lookup_standing AS now
WHERE now.event_id = lookup.event_id AND now.standing <> lookup.standing;
CREATE INDEX lookup_of_standing ON lookup (standing, occurred_at, event_id);
CREATE INDEX lookup_of_actor_and_standing ON lookup (actor_id, standing, occurred_at, event_id);
-- What a new state of a reason may touch is found by the names that both have. It is asked for more often than the index's
-- list of what is pending would be worth.
CREATE INDEX lookup_names ON lookup USING gin (names) WITH (fastupdate = off);
CREATE INDEX reason_name_of_state ON reason_name (state_of);
CREATE INDEX reason_rests_on ON reason USING gin (rests_on) WITH (fastupdate = off);
COMMENT ON COLUMN lookup.standing IS 'What lookup_standing says; kept up with each look-up and reason that is followed.';

DO $$
BEGIN
    EXECUTE format('GRANT UPDATE (standing) ON lookup TO %I', current_schema() || '_app');
END $$;
