-- What became of answers, and what statistics count.

SET LOCAL lock_timeout = '5s';

CREATE TABLE handoff (
    handoff_id uuid CONSTRAINT handoff_pkey PRIMARY KEY,
    lookup_id uuid NOT NULL CONSTRAINT handoff_of REFERENCES lookup,
    created_at timestamptz NOT NULL,
    author text NOT NULL,
    agency text NOT NULL,
    author_office text,
    office text NOT NULL,
    reference text NOT NULL,
    liaison boolean NOT NULL,
    follow_up text CONSTRAINT handoff_follow_up CHECK (follow_up = 'local_hsi_office'),
    local_office text,
    local_office_name text,
    local_office_phone text,
    record_ids uuid[] NOT NULL,
    CONSTRAINT handoff_local_office CHECK ((follow_up IS NULL) = (local_office IS NULL))
);
CREATE INDEX handoff_agency ON handoff (agency, handoff_id);
CREATE INDEX handoff_created_at ON handoff (agency, created_at);
COMMENT ON TABLE handoff IS
    'That a look-up''s answer went into a risk assessment: to which office, under which reference, and the records that '
    'were relied on. Without a liaison officer the local HSI office named here is asked.';

CREATE TABLE handoff_step (
    step_id uuid CONSTRAINT handoff_step_pkey PRIMARY KEY,
    handoff_id uuid NOT NULL CONSTRAINT handoff_step_of REFERENCES handoff,
    created_at timestamptz NOT NULL,
    author text NOT NULL,
    state text NOT NULL CONSTRAINT handoff_step_state CHECK (state IN ('contacted', 'answered', 'done')),
    note text
);
CREATE INDEX handoff_step_handoff_id ON handoff_step (handoff_id, step_id);
COMMENT ON TABLE handoff_step IS 'How the follow-up of a hand-off went; added only, the newest is its state.';

ALTER TABLE lookup ADD COLUMN duration_ms double precision NOT NULL DEFAULT 0;
ALTER TABLE lookup ADD COLUMN grades jsonb NOT NULL DEFAULT '{}';
CREATE INDEX lookup_answered_at ON lookup (agency, answered_at);
COMMENT ON COLUMN lookup.grades IS 'How many matches of each grade were told: what statistics count.';
CREATE INDEX note_created_at ON note (agency, created_at);

CREATE TABLE counted_tip (
    tip_id uuid CONSTRAINT counted_tip_pkey PRIMARY KEY,
    version integer NOT NULL,
    source text NOT NULL,
    source_kind text NOT NULL,
    incident_type text NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX counted_tip_received_at ON counted_tip (received_at);
COMMENT ON TABLE counted_tip IS 'What statistics count of a tip, as its newest content has it; when it first came.';
CREATE INDEX lead_opened_at ON lead (opened_at);
