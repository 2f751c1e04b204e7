-- Leads of which nobody but CEIU and the office that has them is told.

SET LOCAL lock_timeout = '5s';

ALTER TABLE lead ADD COLUMN silent boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN lead.silent IS 'Whether the lead is silent, as the linker says.';

CREATE FUNCTION is_hidden(asked_cluster_id uuid, asking_office text) RETURNS boolean
LANGUAGE sql STABLE
RETURN asking_office IS NOT NULL AND EXISTS (
    SELECT FROM lead
    WHERE lead.cluster_id = asked_cluster_id AND lead.silent AND lead.merged_into IS NULL
        AND NOT EXISTS (
            SELECT FROM referral
            WHERE referral.lead_id = lead.lead_id AND referral.office = asking_office
                AND referral.state IN ('sent', 'acknowledged', 'accepted', 'closed')
        )
);
COMMENT ON FUNCTION is_hidden(uuid, text) IS
    'Whether a cluster''s lead is silent, and not told to this office (null: CEIU, to whom nothing is hidden).';
