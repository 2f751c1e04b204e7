-- Passenger lists: looked up passenger by passenger, and again when what is on record changes, until the flight is over.

SET LOCAL lock_timeout = '5s';

CREATE TABLE manifest (
    manifest_id uuid CONSTRAINT manifest_pkey PRIMARY KEY,
    submitted_at timestamptz NOT NULL,
    submitted_by text NOT NULL,
    agency text NOT NULL,
    office text,
    flight text NOT NULL,
    departs_at text NOT NULL,
    ends_at timestamptz NOT NULL,
    passenger_count integer NOT NULL,
    remarks jsonb NOT NULL,
    is_filed boolean NOT NULL
);
CREATE INDEX manifest_agency ON manifest (agency, manifest_id);
CREATE INDEX manifest_filed ON manifest (ends_at) WHERE is_filed;
COMMENT ON TABLE manifest IS
    'A passenger list as it was submitted. departs_at is as given, maybe a local time; at ends_at the flight is over '
    'wherever that was. is_filed: its passengers are in the keys that touched tips find them by.';

CREATE TABLE screening (
    screening_id uuid CONSTRAINT screening_pkey PRIMARY KEY,
    manifest_id uuid NOT NULL CONSTRAINT screening_of REFERENCES manifest,
    requested_at timestamptz NOT NULL,
    actor jsonb NOT NULL,
    correlation_id uuid NOT NULL,
    passengers_left integer NOT NULL
);
CREATE INDEX screening_manifest_id ON screening (manifest_id);
COMMENT ON TABLE screening IS
    'That somebody wants all passengers of a list looked up: once when it is submitted, again when asked for. actor and '
    'correlation_id are those of its events.';

CREATE TABLE passenger (
    passenger_no bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT passenger_pkey PRIMARY KEY,
    manifest_id uuid NOT NULL CONSTRAINT passenger_of REFERENCES manifest,
    place integer NOT NULL,
    traveller_ref text NOT NULL,
    kind text NOT NULL,
    asked jsonb,
    remarks jsonb NOT NULL,
    waiting_for uuid CONSTRAINT passenger_waiting_for REFERENCES screening,
    touched_at timestamptz,
    lookup_id uuid,
    CONSTRAINT passenger_place UNIQUE (manifest_id, place),
    CONSTRAINT passenger_ref UNIQUE (manifest_id, traveller_ref),
    CONSTRAINT passenger_can_wait CHECK (waiting_for IS NULL OR asked IS NOT NULL)
);
CREATE INDEX passenger_waiting ON passenger (waiting_for, passenger_no) WHERE waiting_for IS NOT NULL;
CREATE INDEX passenger_touched ON passenger (passenger_no) WHERE touched_at IS NOT NULL;
COMMENT ON TABLE passenger IS
    'One person of a list. asked is what is looked for, null when that cannot be done. waiting_for is the screening that '
    'has yet to look; touched_at is since when something may have changed. lookup_id is the newest answer told.';

CREATE TABLE told (
    passenger_no bigint NOT NULL CONSTRAINT told_of REFERENCES passenger,
    tip_id uuid NOT NULL,
    grade text NOT NULL,
    relevant boolean NOT NULL,
    investigation text NOT NULL,
    CONSTRAINT told_pkey PRIMARY KEY (passenger_no, tip_id)
);
CREATE INDEX told_tip_id ON told (tip_id);
COMMENT ON TABLE told IS 'What was last told of a passenger, tip by tip: what a new answer is compared with.';

CREATE TABLE passenger_key (
    type text NOT NULL,
    canonical text NOT NULL,
    passenger_no bigint NOT NULL,
    CONSTRAINT passenger_key_pkey PRIMARY KEY (type, canonical, passenger_no)
);
CREATE INDEX passenger_key_passenger_no ON passenger_key (passenger_no);
COMMENT ON TABLE passenger_key IS 'Identifiers of passengers of filed lists, normalised.';

CREATE TABLE passenger_name_key (
    key integer NOT NULL,
    passenger_no bigint NOT NULL,
    CONSTRAINT passenger_name_key_pkey PRIMARY KEY (key, passenger_no)
);
CREATE INDEX passenger_name_key_passenger_no ON passenger_name_key (passenger_no);
COMMENT ON TABLE passenger_name_key IS
    'What names of passengers of filed lists are filed under, as in name_key: so that a record is looked for among them.';

CREATE TABLE passenger_spelling (
    key text NOT NULL,
    word text NOT NULL,
    CONSTRAINT passenger_spelling_pkey PRIMARY KEY (key, word)
);
COMMENT ON TABLE passenger_spelling IS
    'Every word ever met in a passenger''s name, as in spelling. They are kept apart, since a word of no record must not '
    'pass for one of them.';

CREATE TABLE touched_tip (
    tip_id uuid CONSTRAINT touched_tip_pkey PRIMARY KEY,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE touched_tip IS
    'Tips of which something changed while a list is filed: when first and last. Rows go when their passengers are found.';

CREATE TABLE alert (
    alert_no bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_no_key UNIQUE,
    alert_id uuid CONSTRAINT alert_pkey PRIMARY KEY,
    raised_at timestamptz NOT NULL,
    agency text NOT NULL,
    manifest_id uuid NOT NULL CONSTRAINT alert_manifest REFERENCES manifest,
    passenger_no bigint NOT NULL CONSTRAINT alert_passenger REFERENCES passenger,
    lookup_id uuid NOT NULL
);
CREATE INDEX alert_agency ON alert (agency, alert_no);
COMMENT ON TABLE alert IS
    'That the answer about a passenger changed. alert_no grows in the order of commits; lookup_id is the new answer.';

CREATE TABLE alert_change (
    alert_id uuid NOT NULL CONSTRAINT alert_change_of REFERENCES alert,
    tip_id uuid NOT NULL,
    grade_before text,
    relevant_before boolean,
    investigation_before text,
    grade_after text,
    relevant_after boolean,
    investigation_after text,
    CONSTRAINT alert_change_pkey PRIMARY KEY (alert_id, tip_id)
);
COMMENT ON TABLE alert_change IS 'What was told of a tip before and after; nulls where the passenger did not match it.';

CREATE TABLE alert_acknowledgement (
    alert_id uuid CONSTRAINT alert_acknowledgement_pkey PRIMARY KEY
        CONSTRAINT alert_acknowledgement_of REFERENCES alert,
    acknowledged_at timestamptz NOT NULL,
    acknowledged_by text NOT NULL,
    note text
);
COMMENT ON TABLE alert_acknowledgement IS 'Who of the agency took note of an alert first. Rows are only added.';
