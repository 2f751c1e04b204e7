-- Which office has a lead, and which were given it: asked by lists, notices, and whatever is kept from others.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION office_of(asked_lead_id uuid) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT referral.office FROM referral
    WHERE referral.lead_id = asked_lead_id AND referral.state IN ('sent', 'acknowledged', 'accepted', 'closed')
    ORDER BY referral.state = 'closed', referral.referral_id DESC LIMIT 1
);
COMMENT ON FUNCTION office_of(uuid) IS 'The office that has a lead, else the last that closed it; null without one.';

CREATE FUNCTION was_given(asked_lead_id uuid, asking_office text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM referral
    WHERE referral.lead_id = asked_lead_id AND referral.office = asking_office
        AND referral.state IN ('sent', 'acknowledged', 'accepted', 'closed')
);
COMMENT ON FUNCTION was_given(uuid, text) IS 'Whether an office has a lead, or had it and closed it.';
