-- What sensors look at, and what they said. All of it follows from the log; only what was said is never taken back.

CREATE TABLE lookup (
    occurred_at timestamptz NOT NULL,
    event_id uuid NOT NULL CONSTRAINT lookup_pkey PRIMARY KEY,
    lookup_id uuid NOT NULL,
    request_id uuid NOT NULL,
    match_count integer NOT NULL,
    is_person boolean NOT NULL,
    names_reason boolean NOT NULL,
    is_self boolean NOT NULL,
    actor_id text NOT NULL,
    role text NOT NULL,
    agency text NOT NULL,
    office text NOT NULL,
    purpose text NOT NULL,
    reference text NOT NULL,
    request bytea NOT NULL,
    person bytea NOT NULL,
    likeness bytea[] NOT NULL,
    names bytea[] NOT NULL
);
CREATE INDEX lookup_newest ON lookup (occurred_at, event_id);
CREATE INDEX lookup_of_actor ON lookup (actor_id, occurred_at, event_id);
CREATE INDEX lookup_of_person ON lookup (actor_id, person, occurred_at);
COMMENT ON TABLE lookup IS
    'Answered look-ups. Whom they asked for is kept as keys (services/audit/domain/keys.py): person, and likeness to '
    'find neighbours by. `names` are the keys that a reason may share with it, `request` one of them. An office is empty '
    'where there is none.';

CREATE TABLE reason (
    at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    event_id uuid NOT NULL CONSTRAINT reason_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT reason_kind CHECK (kind IN ('manifest', 'lead', 'referral', 'notice', 'tip')),
    id text NOT NULL,
    state_of text NOT NULL,
    units text[] NOT NULL
);
CREATE INDEX reason_newest ON reason (state_of, at, event_id);
COMMENT ON TABLE reason IS
    'States of things for which people are looked up (services/audit/domain/explain.py): from when, until when (infinity '
    'for good), and whom they are addressed to. Of the states of one thing the newest counts.';

CREATE TABLE reason_name (
    name bytea NOT NULL,
    until timestamptz NOT NULL,
    state_of text NOT NULL,
    CONSTRAINT reason_name_pkey PRIMARY KEY (name, state_of)
);
COMMENT ON TABLE reason_name IS 'The keys by which look-ups name a reason, and until when that can explain one.';

CREATE VIEW lookup_reason AS
SELECT lookup.event_id, newest.kind, newest.id, newest.at
FROM lookup
    CROSS JOIN LATERAL (
        SELECT DISTINCT reason_name.state_of FROM reason_name
        WHERE reason_name.name = ANY (lookup.names) AND reason_name.until >= lookup.occurred_at
    ) AS named
    CROSS JOIN LATERAL (
        SELECT reason.kind, reason.id, reason.at, reason.until, reason.units FROM reason
        WHERE reason.state_of = named.state_of AND reason.at <= lookup.occurred_at + interval '10 minutes'
            AND (reason.kind <> 'manifest' OR reason.at <= lookup.occurred_at)
        ORDER BY reason.at DESC, reason.event_id DESC
        LIMIT 1
    ) AS newest
WHERE newest.until >= lookup.occurred_at
    AND newest.units && ARRAY[lookup.agency || '/' || lookup.office, lookup.agency || '/*'];
COMMENT ON VIEW lookup_reason IS 'What explains each look-up, and when the newest of it was heard.';

CREATE TABLE viewed (
    occurred_at timestamptz NOT NULL,
    event_id uuid NOT NULL CONSTRAINT viewed_pkey PRIMARY KEY,
    record_count integer NOT NULL,
    actor_id text NOT NULL,
    role text NOT NULL
);
CREATE INDEX viewed_of_actor ON viewed (actor_id, occurred_at, event_id);
COMMENT ON TABLE viewed IS 'How many records persons were shown at once.';

CREATE TABLE worked (
    hour timestamptz NOT NULL,
    actor_id text NOT NULL,
    CONSTRAINT worked_pkey PRIMARY KEY (actor_id, hour)
);
COMMENT ON TABLE worked IS 'The hours in which a person did anything at all.';

CREATE TABLE due (
    occurred_at timestamptz NOT NULL,
    event_id uuid NOT NULL CONSTRAINT due_pkey PRIMARY KEY,
    actor_id text NOT NULL
);
CREATE INDEX due_first ON due (occurred_at);
COMMENT ON TABLE due IS 'Look-ups and views of persons whose day is to be looked at once the log is read up to them.';

CREATE TABLE flag (
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    flag_id uuid NOT NULL CONSTRAINT flag_pkey PRIMARY KEY,
    sensor text NOT NULL,
    actor_id text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT flag_once UNIQUE (actor_id, sensor, from_at, reason)
);
CREATE INDEX flag_newest ON flag (to_at, flag_id);
COMMENT ON TABLE flag IS 'What a sensor said of a person and a window of time: once, whatever is read again.';

CREATE TABLE flag_event (
    flag_id uuid NOT NULL CONSTRAINT flag_event_of REFERENCES flag,
    event_id uuid NOT NULL,
    CONSTRAINT flag_event_pkey PRIMARY KEY (flag_id, event_id)
);
COMMENT ON TABLE flag_event IS 'The events that a flag rests on; more are added until its window is over.';

DO $$
DECLARE
    app text := current_schema() || '_app';
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['flag', 'flag_event'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept || '_is_kept', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', kept, kept || '_is_kept');
    END LOOP;
    FOREACH kept IN ARRAY ARRAY['lookup', 'reason', 'reason_name', 'viewed', 'worked', 'due', 'flag', 'flag_event'] LOOP
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', kept, app);
    END LOOP;
    EXECUTE format('GRANT SELECT ON lookup_reason TO %I', app);
    EXECUTE format('GRANT DELETE ON due TO %I', app);
END $$;
