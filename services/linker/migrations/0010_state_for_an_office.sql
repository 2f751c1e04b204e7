-- What an office is told of a lead's state: not that the lead waits because of a silent one that the office may not know.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION state_for(asked_lead_id uuid, asking_office text) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT CASE
        WHEN lead.held_reason IS DISTINCT FROM 'weak_tie' OR EXISTS (
            SELECT FROM membership AS mine
                JOIN holding AS own ON own.tip_id = mine.tip_id AND own.links
                JOIN key ON key.key_id = own.key_id
                    AND key.type = lead.held_type AND key.value = lead.held_identifier AND key.scope = lead.held_scope
                JOIN holding AS others ON others.key_id = key.key_id AND others.links
                JOIN membership AS theirs ON theirs.tip_id = others.tip_id AND theirs.cluster_id <> lead.cluster_id
                JOIN lead AS tied ON tied.cluster_id = theirs.cluster_id AND tied.merged_into IS NULL
            WHERE mine.cluster_id = lead.cluster_id AND (NOT tied.silent OR was_given(tied.lead_id, asking_office))
        ) THEN lead.state
        WHEN EXISTS (
            SELECT FROM referral
            WHERE referral.lead_id = lead.lead_id AND referral.state IN ('sent', 'acknowledged', 'accepted')
        ) THEN 'referred'
        ELSE 'open'
    END
    FROM lead WHERE lead.lead_id = asked_lead_id
);
COMMENT ON FUNCTION state_for(uuid, text) IS
    'A lead''s state as an office is told it: as if the lead were not held, when all that its value ties it to is silent.';
