-- The linker's truth: what tips say, who holds which value, what people judged, and what follows from it.
-- Everything below `membership` can be made again from what stands above it and from the anchors in `lead`.

CREATE TABLE tip (
    tip_id uuid CONSTRAINT tip_pkey PRIMARY KEY,
    tip_version integer NOT NULL,
    source text NOT NULL,
    source_ref text NOT NULL,
    content jsonb NOT NULL
);
COMMENT ON TABLE tip IS 'The newest version of each tip, in the linker''s words.';

CREATE TABLE review (
    tip_id uuid CONSTRAINT review_pkey PRIMARY KEY,
    review_number integer NOT NULL,
    decision text NOT NULL CONSTRAINT review_decision CHECK (decision IN ('actionable', 'not_actionable'))
);
COMMENT ON TABLE review IS 'The newest review of each tip; it may be here before its tip.';

CREATE TABLE research (
    tip_id uuid NOT NULL,
    research_number integer NOT NULL,
    content jsonb NOT NULL,
    CONSTRAINT research_pkey PRIMARY KEY (tip_id, research_number)
);
COMMENT ON TABLE research IS 'What research added to tips; it may be here before its tip.';

CREATE TABLE key (
    key_id uuid CONSTRAINT key_pkey PRIMARY KEY,
    type text NOT NULL,
    scope text NOT NULL,
    value text NOT NULL,
    tip_count integer NOT NULL CONSTRAINT key_tip_count CHECK (tip_count >= 0),
    viral_count integer NOT NULL CONSTRAINT key_viral_count CHECK (viral_count >= 0),
    standing text NOT NULL DEFAULT 'single'
        CONSTRAINT key_standing CHECK (standing IN ('joins', 'shows', 'too_common', 'viral', 'single', 'unruled')),
    crossings integer NOT NULL DEFAULT 0,
    value_id uuid
);
COMMENT ON TABLE key IS
    'Values that tips hold, and in how many distinct tips they may link (viral_count: of those, who call it viral). '
    'key_id is a hash, and stays here: events name a value by value_id, which is random, since a hash of an address '
    'tells it to whoever guesses.';

CREATE TABLE holding (
    tip_id uuid NOT NULL,
    number integer NOT NULL,
    key_id uuid NOT NULL,
    exact text NOT NULL,
    role text NOT NULL,
    party_id uuid,
    origin text NOT NULL CONSTRAINT holding_origin CHECK (origin IN ('tip', 'research')),
    is_verified boolean NOT NULL,
    is_viral boolean NOT NULL,
    links boolean NOT NULL,
    reason text NOT NULL,
    CONSTRAINT holding_pkey PRIMARY KEY (tip_id, number)
);
CREATE INDEX holding_key_id ON holding (key_id) INCLUDE (tip_id) WHERE links;
COMMENT ON TABLE holding IS
    'One tip holds one value in one role; replaced as a whole when the tip changes. Who holds what is read from here, '
    'never from pairs of tips. No foreign keys: one writer at a time fills key and holding together, at full rate.';

CREATE TABLE judgement (
    judgement_id uuid CONSTRAINT judgement_pkey PRIMARY KEY,
    left_tip_id uuid NOT NULL CONSTRAINT judgement_left REFERENCES tip,
    right_tip_id uuid NOT NULL CONSTRAINT judgement_right REFERENCES tip,
    decision text NOT NULL CONSTRAINT judgement_decision CHECK (decision IN ('same', 'different', 'unsure')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT judgement_pair CHECK (left_tip_id < right_tip_id)
);
CREATE INDEX judgement_left_right ON judgement (left_tip_id, right_tip_id);
CREATE INDEX judgement_right ON judgement (right_tip_id);
COMMENT ON TABLE judgement IS 'What people decided about two tips. Rows are only added; the newest of a pair counts.';

CREATE TABLE judgement_withdrawal (
    judgement_id uuid CONSTRAINT judgement_withdrawal_pkey PRIMARY KEY
        CONSTRAINT judgement_withdrawal_of REFERENCES judgement,
    reason text NOT NULL,
    withdrawn_by text NOT NULL,
    withdrawn_at timestamptz NOT NULL
);
COMMENT ON TABLE judgement_withdrawal IS 'Judgements taken back: the one before counts again. Rows are only added.';

CREATE TABLE membership (
    tip_id uuid CONSTRAINT membership_pkey PRIMARY KEY,
    cluster_id uuid NOT NULL,
    component_id uuid NOT NULL,
    version integer NOT NULL
);
CREATE INDEX membership_cluster_id ON membership (cluster_id);
CREATE INDEX membership_component_id ON membership (component_id);
COMMENT ON TABLE membership IS
    'The cluster of each tip, and the component: what must be loaded as one. version counts the clusters it was in.';

CREATE TABLE lead (
    lead_id uuid CONSTRAINT lead_pkey PRIMARY KEY,
    anchor_tip_id uuid NOT NULL CONSTRAINT lead_anchor_tip_id UNIQUE,
    version integer NOT NULL,
    state text NOT NULL CONSTRAINT lead_state CHECK (state IN ('open', 'held', 'referred', 'closed')),
    tier text NOT NULL CONSTRAINT lead_tier CHECK (tier IN ('T0', 'T1', 'T2', 'T3', 'T4')),
    cluster_id uuid NOT NULL,
    digest bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    merged_into uuid CONSTRAINT lead_merged_into REFERENCES lead,
    split_from uuid CONSTRAINT lead_split_from REFERENCES lead,
    held_reason text,
    held_identifier text,
    evidence_expires_at timestamptz
);
CREATE INDEX lead_queue ON lead (tier, opened_at, lead_id) WHERE merged_into IS NULL;
CREATE INDEX lead_merged_into_id ON lead (merged_into) WHERE merged_into IS NOT NULL;
COMMENT ON TABLE lead IS
    'Every lead there ever was; an absorbed one names its survivor in merged_into, and is its alias. digest is that of '
    'the snapshot last published.';

CREATE TABLE priority (
    lead_id uuid NOT NULL CONSTRAINT priority_lead REFERENCES lead,
    number integer NOT NULL,
    tier text CONSTRAINT priority_tier CHECK (tier IN ('T0', 'T1', 'T2', 'T3', 'T4')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT priority_pkey PRIMARY KEY (lead_id, number)
);
COMMENT ON TABLE priority IS
    'Tiers that people set by hand. Rows are only added; the newest counts, and one without a tier takes the others back.';

CREATE TABLE referral (
    referral_id uuid CONSTRAINT referral_pkey PRIMARY KEY,
    version integer NOT NULL,
    lead_id uuid NOT NULL,
    state text NOT NULL,
    office text,
    tip_ids uuid[] NOT NULL
);
CREATE INDEX referral_lead_id ON referral (lead_id);
CREATE INDEX referral_office ON referral (office, lead_id);
COMMENT ON TABLE referral IS 'The newest state of each referral, as referral publishes it; tip_ids is what the office was told.';

CREATE TABLE announcement (
    kind text NOT NULL CONSTRAINT announcement_kind CHECK (kind IN ('lead', 'cluster', 'links')),
    subject_id uuid NOT NULL,
    version integer NOT NULL,
    digest bytea,
    occurred_at timestamptz NOT NULL,
    event bytea NOT NULL,
    CONSTRAINT announcement_pkey PRIMARY KEY (kind, subject_id)
);
COMMENT ON TABLE announcement IS
    'The newest event about each lead, about each tip''s cluster and each tip''s links, byte for byte, so that it can be '
    'sent again under its old id; of links also the digest that tells whether there is news.';
