-- The time by which people's days are judged is kept apart from what events say of themselves.

CREATE TABLE heard (
    head_id integer CONSTRAINT heard_pkey PRIMARY KEY,
    at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE heard IS
    'Up to when each log tells of what happened, but for what no service sent: no later than Kafka received it. It fills '
    'itself with the next event of each log.';

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (at) ON heard TO %I', current_schema() || '_app');
END $$;
