-- Whether anything explains a look-up is kept with it: where all are, or none is, a page of the others is found by an index.

ALTER TABLE lookup ADD COLUMN is_explained boolean NOT NULL DEFAULT false;
UPDATE lookup SET is_explained = true
WHERE EXISTS (SELECT FROM lookup_reason WHERE lookup_reason.event_id = lookup.event_id);
CREATE INDEX lookup_explained ON lookup (is_explained, occurred_at, event_id);
CREATE INDEX lookup_explained_of_actor ON lookup (actor_id, is_explained, occurred_at, event_id);
-- What a new state of a reason may explain is found by the names that both have.
CREATE INDEX lookup_names ON lookup USING gin (names);
CREATE INDEX reason_name_of_state ON reason_name (state_of);
COMMENT ON COLUMN lookup.is_explained IS 'Whether lookup_reason has a row for it; kept up with each look-up and reason that is followed.';

DO $$
BEGIN
    EXECUTE format('GRANT UPDATE (is_explained) ON lookup TO %I', current_schema() || '_app');
END $$;
