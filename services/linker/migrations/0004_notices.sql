-- Deconfliction: whose each tip is, who asked for which value, and who was told of the other.

ALTER TABLE tip ADD COLUMN source_kind text NOT NULL DEFAULT '';
COMMENT ON COLUMN tip.source_kind IS 'Of what kind its source is; empty when the tip came before this was kept.';
ALTER TABLE lead ADD COLUMN silent boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN lead.silent IS 'Nobody but its holder hears of it.';
CREATE INDEX lead_cluster_id ON lead (cluster_id);

-- A look-up knows neither the service of a user name nor the country of a document.
CREATE INDEX key_in_any_scope ON key (type, value) WHERE type IN ('username', 'document');
CREATE INDEX holding_victim ON holding (key_id, tip_id) WHERE role = 'victim';

CREATE TABLE office_contact (
    office text CONSTRAINT office_contact_pkey PRIMARY KEY,
    name text,
    phone text,
    told_at timestamptz NOT NULL
);
COMMENT ON TABLE office_contact IS 'Whom to call at a field office, as the newest event about one of its referrals says.';

CREATE TABLE asked (
    key_id uuid NOT NULL,
    agency text NOT NULL,
    office text NOT NULL,
    lookup_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    CONSTRAINT asked_pkey PRIMARY KEY (key_id, agency, office)
);
CREATE INDEX asked_by_age ON asked (asked_at);
COMMENT ON TABLE asked IS
    'The newest look-up of each unit for each value. key_id is that of the value without its scope where a look-up knows '
    'none; the value itself is not kept. Rows go when they are older than the window of a notice.';

CREATE TABLE notice (
    notice_id uuid CONSTRAINT notice_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT notice_kind CHECK (kind IN ('deconfliction', 'dual_role')),
    key_id uuid NOT NULL,
    type text NOT NULL,
    left_agency text NOT NULL,
    left_office text NOT NULL,
    left_told boolean NOT NULL,
    right_agency text NOT NULL,
    right_office text NOT NULL,
    right_told boolean NOT NULL,
    number integer NOT NULL,
    raised_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT notice_once UNIQUE (kind, key_id, left_agency, left_office, right_agency, right_office, number),
    CONSTRAINT notice_told CHECK (left_told OR right_told),
    CONSTRAINT notice_window CHECK (raised_at < until)
);
COMMENT ON TABLE notice IS
    'Two units are after one value, or a subject and a victim have it. number counts the windows of a value and two '
    'units: while one lasts there is no second notice, unless that tells somebody whom the first did not.';

CREATE TABLE notice_side (
    notice_id uuid NOT NULL CONSTRAINT notice_side_of REFERENCES notice,
    side text NOT NULL CONSTRAINT notice_side_side CHECK (side IN ('left', 'right')),
    agency text NOT NULL,
    office text NOT NULL,
    is_told boolean NOT NULL,
    record_kind text NOT NULL CONSTRAINT notice_side_record_kind CHECK (record_kind IN ('tip', 'lookup')),
    record_id uuid NOT NULL,
    lead_id uuid,
    CONSTRAINT notice_side_pkey PRIMARY KEY (notice_id, side)
);
CREATE INDEX notice_side_inbox ON notice_side (agency, office, notice_id) WHERE is_told;
COMMENT ON TABLE notice_side IS 'The two units of a notice, each with its own record; only who is told sees the notice.';

CREATE TABLE acknowledgement (
    notice_id uuid NOT NULL,
    side text NOT NULL,
    acknowledged_by text NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    note text,
    CONSTRAINT acknowledgement_pkey PRIMARY KEY (notice_id, side),
    CONSTRAINT acknowledgement_of FOREIGN KEY (notice_id, side) REFERENCES notice_side
);
COMMENT ON TABLE acknowledgement IS 'Who of a unit took note of a notice first. Rows are only added.';

ALTER TABLE announcement DROP CONSTRAINT announcement_kind,
    ADD CONSTRAINT announcement_kind CHECK (kind IN ('lead', 'cluster', 'links', 'notice'));
