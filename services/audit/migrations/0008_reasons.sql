-- A passenger list explains look-ups of those who are on it; and whose word a reason rests on, so that nobody's own
-- explains what they do. What was kept before explains as it did.

ALTER TABLE lookup ADD COLUMN sought bytea[] NOT NULL DEFAULT '{}';
COMMENT ON TABLE lookup IS
    'Answered look-ups. Whom they asked for is kept as keys (services/audit/domain/keys.py): person, likeness to find '
    'neighbours by, and sought to find them on a passenger list. `names` are the keys that a reason may share with it, '
    '`request` one of them. An office is empty where there is none.';

CREATE TABLE listed (
    request bytea NOT NULL,
    passenger bytea NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT listed_pkey PRIMARY KEY (request, passenger)
);
COMMENT ON TABLE listed IS
    'Who stands on passenger lists: the keys of whom a request looked up as a traveller, and when. The request that '
    'submitted a list looks all its passengers up.';

ALTER TABLE reason
    ADD COLUMN actor_id text NOT NULL DEFAULT '',
    ADD COLUMN rests_on text[] NOT NULL DEFAULT '{}',
    ADD COLUMN list bytea,
    ADD COLUMN people integer;
COMMENT ON TABLE reason IS
    'States of things for which people are looked up (services/audit/domain/explain.py): from when, until when (infinity '
    'for good), and whom they are addressed to. Of the states of one thing the newest counts. Who told of it (empty for '
    'nobody), and on which things'' states it rests. Of a passenger list the key of its request, and how many are on it.';

CREATE OR REPLACE VIEW lookup_reason AS
SELECT lookup.event_id, newest.kind, newest.id, newest.at, told.is_own, newest.people
FROM lookup
    CROSS JOIN LATERAL (
        SELECT DISTINCT reason_name.state_of FROM reason_name
        WHERE reason_name.name = ANY (lookup.names) AND reason_name.until >= lookup.occurred_at
    ) AS named
    CROSS JOIN LATERAL (
        SELECT reason.kind, reason.id, reason.at, reason.until, reason.units, reason.rests_on, reason.list, reason.people
        FROM reason
        WHERE reason.state_of = named.state_of AND reason.at <= lookup.occurred_at + interval '10 minutes'
            AND (reason.kind <> 'manifest' OR reason.at <= lookup.occurred_at)
        ORDER BY reason.at DESC, reason.event_id DESC
        LIMIT 1
    ) AS newest
    CROSS JOIN LATERAL (
        SELECT COALESCE(bool_and(word.actor_id = lookup.actor_id), false) AND newest.list IS DISTINCT FROM lookup.request
            AS is_own
        FROM unnest(newest.rests_on) AS thing (state_of)
            CROSS JOIN LATERAL (
                SELECT reason.actor_id FROM reason
                WHERE reason.state_of = thing.state_of AND reason.at <= lookup.occurred_at + interval '10 minutes'
                OFFSET 0
            ) AS word
    ) AS told
WHERE newest.until >= lookup.occurred_at
    AND newest.units && ARRAY[lookup.agency || '/' || lookup.office, lookup.agency || '/*']
    AND (newest.list IS NULL OR newest.list = lookup.request OR EXISTS (
        SELECT FROM listed
        WHERE listed.request = newest.list AND listed.passenger = ANY (lookup.sought)
            AND listed.at <= lookup.occurred_at));
COMMENT ON VIEW lookup_reason IS
    'What explains each look-up, when the newest of it was heard, and whether it rests on the word of nobody but whoever '
    'asked.';

CREATE VIEW lookup_standing AS
SELECT lookup.event_id,
    CASE
        WHEN told.by_others THEN 'explained'
        WHEN told.by_others IS NOT NULL THEN 'own_reason'
        WHEN lookup.purpose = 'redress' THEN 'redress'
        ELSE 'unexplained'
    END AS standing
FROM lookup
    CROSS JOIN LATERAL (
        SELECT bool_or(NOT lookup_reason.is_own) AS by_others FROM lookup_reason
        WHERE lookup_reason.event_id = lookup.event_id
    ) AS told;
COMMENT ON VIEW lookup_standing IS
    'How each look-up stands: explained, by a reason of one''s own alone (own_reason), for redress, of which the log '
    'knows nothing, or unexplained.';

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE (at) ON listed TO %I', current_schema() || '_app');
    EXECUTE format('GRANT SELECT ON lookup_standing TO %I', current_schema() || '_app');
END $$;
