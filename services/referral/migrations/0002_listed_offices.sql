-- The directory of offices as it was told to the others, so that they hear of an office when it changes, and only then.

SET LOCAL lock_timeout = '5s';

CREATE TABLE listed_office (
    office text CONSTRAINT listed_office_pkey PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    name text NOT NULL,
    phone text NOT NULL
);
COMMENT ON TABLE listed_office IS 'Each office as it was told last; version counts how often. Its row is the lock under which it is told.';

ALTER TABLE published
    ADD COLUMN office text,
    ALTER COLUMN referral_id DROP NOT NULL,
    ADD CONSTRAINT published_subject CHECK (num_nonnulls(referral_id, office) = 1) NOT VALID;
COMMENT ON COLUMN published.office IS 'The office that the event is about, where it is about none of its referrals.';
