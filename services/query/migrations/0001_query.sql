-- The projection of subjects, decisions, clusters, leads and referrals; look-ups and notes, which are our own.
--
-- Facts of different topics come in any order. Each kind has a table of its own, with the version it was told in, and
-- meets the others only when read: what comes early waits, what comes late finds its place.

CREATE TABLE tip (
    tip_id uuid CONSTRAINT tip_pkey PRIMARY KEY,
    version integer NOT NULL
);
COMMENT ON TABLE tip IS 'Which version of a tip''s content its records are from.';

CREATE TABLE record (
    record_id uuid CONSTRAINT record_pkey PRIMARY KEY,
    tip_id uuid NOT NULL,
    research_id uuid,
    names jsonb NOT NULL,
    birth_date text CONSTRAINT record_birth_date CHECK (birth_date ~ '^\d{4}(-\d{2}(-\d{2})?)?$')
);
CREATE INDEX record_tip_id ON record (tip_id, record_id);
COMMENT ON TABLE record IS
    'A subject party of a tip, by its party id; no other role is ever kept. names is a list of [as given, folded words '
    'with a blank between]. research_id is that of the research result it came with, which amendments of the tip leave '
    'alone.';

CREATE TABLE record_key (
    type text NOT NULL CONSTRAINT record_key_type CHECK (type IN ('email', 'username', 'phone', 'document')),
    canonical text NOT NULL,
    record_id uuid NOT NULL,
    exact text NOT NULL,
    scope text NOT NULL
);
CREATE INDEX record_key_canonical ON record_key (type, canonical);
CREATE INDEX record_key_record_id ON record_key (record_id);
COMMENT ON TABLE record_key IS 'Identifiers of records, normalised; written and removed with their record.';

CREATE TABLE record_word (
    word text NOT NULL,
    record_id uuid NOT NULL,
    birth_date text,
    CONSTRAINT record_word_pkey PRIMARY KEY (word, record_id) INCLUDE (birth_date)
);
CREATE INDEX record_word_record_id ON record_word (record_id);
COMMENT ON TABLE record_word IS 
    'Folded words of records'' names, each with the record''s birth date, so that both rank candidates before any record '
    'is read; written and removed with their record.';

CREATE TABLE spelling (
    key text NOT NULL,
    word text NOT NULL,
    CONSTRAINT spelling_pkey PRIMARY KEY (key, word)
);
COMMENT ON TABLE spelling IS
    'Every word ever met in a name, under itself and itself less one letter, so that close spellings meet in a key.';

CREATE TABLE review (
    tip_id uuid CONSTRAINT review_pkey PRIMARY KEY,
    version integer NOT NULL,
    decision text NOT NULL CONSTRAINT review_decision CHECK (decision IN ('actionable', 'not_actionable'))
);
COMMENT ON TABLE review IS 'The newest review of a tip; version counts the tip''s reviews.';

CREATE TABLE membership (
    tip_id uuid CONSTRAINT membership_pkey PRIMARY KEY,
    version integer NOT NULL,
    cluster_id uuid NOT NULL
);
CREATE INDEX membership_cluster_id ON membership (cluster_id, tip_id);
COMMENT ON TABLE membership IS 'The cluster a tip is in.';

CREATE TABLE lead (
    lead_id uuid CONSTRAINT lead_pkey PRIMARY KEY,
    version integer NOT NULL,
    cluster_id uuid NOT NULL,
    state text NOT NULL CONSTRAINT lead_state CHECK (state IN ('open', 'held', 'referred', 'closed')),
    tier text NOT NULL,
    opened_at timestamptz NOT NULL,
    merged_into uuid
);
CREATE INDEX lead_cluster_id ON lead (cluster_id) WHERE merged_into IS NULL;
COMMENT ON TABLE lead IS 'The newest state of each lead.';

CREATE TABLE referral (
    referral_id uuid CONSTRAINT referral_pkey PRIMARY KEY,
    version integer NOT NULL,
    lead_id uuid NOT NULL,
    state text NOT NULL,
    office text,
    office_name text,
    office_phone text,
    changed_at timestamptz NOT NULL
);
CREATE INDEX referral_lead_id ON referral (lead_id);
COMMENT ON TABLE referral IS 'The newest state of each referral: which office has a lead.';

CREATE TABLE lookup (
    lookup_id uuid CONSTRAINT lookup_pkey PRIMARY KEY,
    answered_at timestamptz NOT NULL,
    actor text NOT NULL,
    agency text NOT NULL,
    office text,
    purpose text NOT NULL,
    reference text NOT NULL,
    asked jsonb NOT NULL,
    answer jsonb NOT NULL
);
COMMENT ON TABLE lookup IS 'Every look-up and the answer it got, as given.';

CREATE TABLE note (
    note_id uuid CONSTRAINT note_pkey PRIMARY KEY,
    record_id uuid NOT NULL,
    tip_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    author text NOT NULL,
    agency text NOT NULL,
    office text,
    kind text NOT NULL CONSTRAINT note_kind CHECK (kind IN ('targeting', 'screening', 'general')),
    flight_number text,
    flight_date date,
    additional_screening boolean,
    outcome text,
    text text,
    supersedes uuid CONSTRAINT note_supersedes UNIQUE CONSTRAINT note_superseded REFERENCES note
);
CREATE INDEX note_tip_id ON note (tip_id, note_id);
COMMENT ON TABLE note IS
    'What officers wrote on a record; added only, and superseded at most once. tip_id keeps a note with its tip when an '
    'amendment takes the record away.';
