-- Sources, tips with every content they had, what people decided and found, and what became of them.
--
-- A content, a review and a research result are each stored as the very event that announced them: one copy, sealed as
-- it travels, and republished byte for byte.

CREATE TABLE source (
    name text COLLATE "C" CONSTRAINT source_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT source_kind_check CHECK (kind IN (
        'ice_office_domestic', 'ice_office_foreign', 'public_tip_line', 'local_law_enforcement',
        'foreign_law_enforcement', 'interpol', 'ngo'))
);
COMMENT ON TABLE source IS 'Who may send tips, and of which kind they are.';
INSERT INTO source (name, kind) VALUES
    ('attache', 'ice_office_foreign'),
    ('field', 'ice_office_domestic'),
    ('foreign_police', 'foreign_law_enforcement'),
    ('interpol', 'interpol'),
    ('ncmec', 'ngo'),
    ('police', 'local_law_enforcement'),
    ('tipline', 'public_tip_line');

-- Collation "C" is the order in which the code sorts keys before it locks them, and the fastest to compare.
CREATE TABLE tip (
    tip_id uuid CONSTRAINT tip_pkey PRIMARY KEY,
    source text COLLATE "C" NOT NULL CONSTRAINT tip_source_fkey REFERENCES source,
    source_ref text COLLATE "C" NOT NULL,
    state text NOT NULL DEFAULT 'awaiting_review'
        CONSTRAINT tip_state_check CHECK (state IN ('awaiting_review', 'actionable', 'not_actionable')),
    version integer NOT NULL DEFAULT 1 CONSTRAINT tip_version_check CHECK (version >= 1),
    revision integer NOT NULL DEFAULT 1 CONSTRAINT tip_revision_check CHECK (revision >= version),
    decision text CONSTRAINT tip_decision_check CHECK (decision IN ('actionable', 'not_actionable')),
    reopened_because text,
    received_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT tip_source_ref_key UNIQUE (source, source_ref)
);
COMMENT ON TABLE tip IS
    'One row per reference of a source, and the lock under which that tip changes. version counts contents, revision '
    'contents, reviews and research results; decision is that of the newest review.';
CREATE INDEX tip_state ON tip (state, tip_id);
CREATE INDEX tip_source ON tip (source, tip_id);

CREATE TABLE tip_version (
    tip_id uuid NOT NULL CONSTRAINT tip_version_tip_fkey REFERENCES tip,
    version integer NOT NULL,
    revision integer NOT NULL,
    content_hash bytea NOT NULL,
    received_at timestamptz NOT NULL,
    event bytea NOT NULL,
    CONSTRAINT tip_version_pkey PRIMARY KEY (tip_id, version)
);
COMMENT ON TABLE tip_version IS
    'Every content a tip had. content_hash is SHA-256 over its canonical form: equal content is a repeat.';

CREATE TABLE review (
    review_id uuid CONSTRAINT review_pkey PRIMARY KEY,
    tip_id uuid NOT NULL CONSTRAINT review_tip_fkey REFERENCES tip,
    number integer NOT NULL,
    revision integer NOT NULL,
    decision text NOT NULL CONSTRAINT review_decision_check CHECK (decision IN ('actionable', 'not_actionable')),
    reviewed_at timestamptz NOT NULL,
    event bytea NOT NULL,
    CONSTRAINT review_number_key UNIQUE (tip_id, number)
);
COMMENT ON TABLE review IS 'What people decided about tips, numbered from 1 for each; only ever added to.';

CREATE TABLE research (
    research_id uuid CONSTRAINT research_pkey PRIMARY KEY,
    tip_id uuid NOT NULL CONSTRAINT research_tip_fkey REFERENCES tip,
    number integer NOT NULL,
    revision integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    event bytea NOT NULL,
    CONSTRAINT research_number_key UNIQUE (tip_id, number)
);
COMMENT ON TABLE research IS 'What summonses, searches and the like found about tips, numbered from 1 for each.';

CREATE TABLE tip_link (
    tip_id uuid CONSTRAINT tip_link_pkey PRIMARY KEY,
    version integer NOT NULL,
    actionable_ids uuid[] NOT NULL
);
COMMENT ON TABLE tip_link IS
    'Of tips linked to ones found actionable: the newest news of their links, so that only new ones reopen a tip.';

CREATE TABLE source_outcome (
    referral_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL CONSTRAINT source_outcome_source_fkey REFERENCES source,
    version integer NOT NULL,
    state text NOT NULL,
    outcome text,
    tip_count integer NOT NULL,
    is_referred boolean NOT NULL,
    is_accepted boolean NOT NULL,
    is_declined boolean NOT NULL,
    CONSTRAINT source_outcome_pkey PRIMARY KEY (referral_id, source)
);
COMMENT ON TABLE source_outcome IS
    'What became of a source''s tips in each referral: state and outcome at the newest version, and what ever was.';
CREATE INDEX source_outcome_source ON source_outcome (source);
