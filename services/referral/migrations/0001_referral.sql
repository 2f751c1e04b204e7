-- Referrals: what each lead became at which office, and every event that was published about it.

CREATE TABLE lead (
    lead_id uuid CONSTRAINT lead_pkey PRIMARY KEY,
    version integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE lead IS
    'The highest version of each lead that was applied. Its row is the lock under which a lead''s referral changes.';

CREATE TABLE referral (
    referral_id uuid CONSTRAINT referral_pkey PRIMARY KEY,
    lead_id uuid NOT NULL CONSTRAINT referral_lead_fkey REFERENCES lead,
    lead_version integer NOT NULL,
    version integer NOT NULL CONSTRAINT referral_version_check CHECK (version >= 1),
    state text NOT NULL CONSTRAINT referral_state_check
        CHECK (state IN ('queued', 'sent', 'acknowledged', 'accepted', 'closed', 'recalled')),
    office text CONSTRAINT referral_office_check CHECK (office IS NOT NULL OR state IN ('queued', 'recalled')),
    tier text NOT NULL,
    confidence double precision NOT NULL,
    reason text NOT NULL,
    alternatives text[] NOT NULL DEFAULT '{}',
    refused_by text[] NOT NULL DEFAULT '{}',
    outcome text,
    content jsonb NOT NULL,
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE referral IS 'A lead in the hands of one office, or waiting for a person to choose one; newest version.';
CREATE UNIQUE INDEX referral_live_lead ON referral (lead_id) WHERE state NOT IN ('closed', 'recalled');
CREATE INDEX referral_lead ON referral (lead_id, referral_id);
CREATE INDEX referral_office ON referral (office, referral_id);
CREATE INDEX referral_state ON referral (state, referral_id);

CREATE TABLE referral_version (
    referral_id uuid NOT NULL CONSTRAINT referral_version_referral_fkey REFERENCES referral DEFERRABLE INITIALLY DEFERRED,
    version integer NOT NULL,
    lead_id uuid NOT NULL,
    lead_version integer NOT NULL,
    state text NOT NULL,
    office text,
    reason text NOT NULL,
    actor text,
    response text,
    changed_at timestamptz NOT NULL,
    CONSTRAINT referral_version_pkey PRIMARY KEY (referral_id, version)
);
COMMENT ON TABLE referral_version IS 'Every version a referral had, so that none is ever made twice.';
CREATE UNIQUE INDEX referral_version_lead ON referral_version (lead_id, lead_version) WHERE version = 1;

CREATE TABLE published (
    event_id uuid CONSTRAINT published_pkey PRIMARY KEY,
    topic text NOT NULL,
    referral_id uuid NOT NULL,
    value bytea NOT NULL,
    occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE published IS 'Events as they were published, so that republish sends the same bytes again.';
CREATE INDEX published_occurred_at ON published (occurred_at, event_id);
