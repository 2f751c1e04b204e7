-- Whose word a service passes on is told by the request that led to it: a notice that only one's own research or tip raised
-- explains as one's own, and what comes of one's own doing is no news to oneself. States kept before have no request.

ALTER TABLE reason ADD COLUMN request bytea;
CREATE INDEX reason_of_request ON reason (request, actor_id);
COMMENT ON TABLE reason IS
    'States of things for which people are looked up (services/audit/domain/explain.py): from when, until when (infinity '
    'for good), and whom they are addressed to. Of the states of one thing the newest counts. Who told of it (empty for '
    'nobody), the key of the request that led to it, and on which things'' states it rests. Of a passenger list the key of '
    'its request, and how many are on it.';

UPDATE reason SET rests_on = ARRAY[state_of] WHERE kind = 'notice';

CREATE OR REPLACE VIEW lookup_reason AS
SELECT lookup.event_id, newest.kind, newest.id, newest.at, told.is_own, newest.people,
    CASE newest.kind
        WHEN 'manifest' THEN newest.at
        ELSE COALESCE(
            (
                SELECT reason.at FROM reason
                WHERE reason.state_of = named.state_of AND reason.at <= lookup.occurred_at + interval '10 minutes'
                    AND reason.actor_id <> lookup.actor_id
                    AND NOT EXISTS (
                        SELECT FROM reason AS own
                        WHERE own.request = reason.request AND own.actor_id = lookup.actor_id)
                ORDER BY reason.at DESC
                LIMIT 1
            ),
            (SELECT min(reason.at) FROM reason WHERE reason.state_of = named.state_of)
        )
    END AS news_at
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
        SELECT COALESCE(bool_and(word.is_own), false) AND newest.list IS DISTINCT FROM lookup.request AS is_own
        FROM unnest(newest.rests_on) AS thing (state_of)
            CROSS JOIN LATERAL (
                SELECT reason.actor_id = lookup.actor_id OR reason.kind = 'notice' AND EXISTS (
                    SELECT FROM reason AS own WHERE own.request = reason.request AND own.actor_id = lookup.actor_id
                ) AS is_own
                FROM reason
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
    'What explains each look-up, when the newest of it was heard, whether it rests on the word of nobody but whoever '
    'asked, and when it was last news to them: a list when it was submitted, all else when anything came of somebody '
    'else''s doing, or of nothing but their own, when it began.';
UPDATE lookup SET standing = now.standing
FROM lookup_standing AS now
WHERE now.event_id = lookup.event_id AND now.standing <> lookup.standing;
