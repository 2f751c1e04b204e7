-- What hides a cluster, as a function that PostgreSQL writes into the statement that asks: is_hidden it ran by itself, for
-- each record that a look-up found. OFFSET 0 and LIMIT keep its parts index look-ups, also while tables are small. And all
-- that is hidden, asked of the silent leads, which are few, for figures that go through all tips.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION hiding_leads(asked_cluster_id uuid, asking_office text) RETURNS SETOF uuid
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT silent.lead_id
    FROM (
            SELECT lead.lead_id FROM lead
            WHERE asking_office IS NOT NULL
                AND lead.cluster_id = asked_cluster_id AND lead.silent AND lead.merged_into IS NULL
            OFFSET 0
        ) AS silent
    WHERE (
            SELECT true FROM referral
            WHERE referral.lead_id = silent.lead_id AND referral.office = asking_office
                AND referral.state IN ('sent', 'acknowledged', 'accepted', 'closed')
            LIMIT 1
        ) IS NULL;
END;
COMMENT ON FUNCTION hiding_leads(uuid, text) IS
    'The silent leads of a cluster that are not told to this office (null: CEIU, to whom nothing is hidden).';

CREATE OR REPLACE FUNCTION is_hidden(asked_cluster_id uuid, asking_office text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM hiding_leads(asked_cluster_id, asking_office));

CREATE FUNCTION hidden_clusters(asking_office text) RETURNS TABLE (cluster_id uuid)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT silent_lead.cluster_id FROM lead AS silent_lead
    WHERE silent_lead.silent AND silent_lead.merged_into IS NULL AND is_hidden(silent_lead.cluster_id, asking_office);
END;
COMMENT ON FUNCTION hidden_clusters(text) IS
    'The clusters that are not told to this office (null: CEIU, to whom nothing is hidden).';
