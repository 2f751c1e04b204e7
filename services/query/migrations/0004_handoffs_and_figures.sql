-- Hand-offs of answers into risk assessments, and what statistics count.

SET LOCAL lock_timeout = '5s';

CREATE TABLE handoff (
    handoff_id uuid CONSTRAINT handoff_pkey PRIMARY KEY,
    lookup_id uuid NOT NULL CONSTRAINT handoff_of REFERENCES lookup,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    agency text NOT NULL,
    from_office text,
    office text NOT NULL,
    reference text NOT NULL,
    liaison boolean NOT NULL,
    record_ids uuid[] NOT NULL,
    local_office text,
    local_name text,
    local_phone text
);
CREATE INDEX handoff_agency ON handoff (agency, handoff_id);
CREATE INDEX handoff_recorded_at ON handoff (recorded_at);
COMMENT ON TABLE handoff IS
    'That an answer went into a risk assessment: to which office, and which of its matches were relied on. local_office '
    'is whom to contact abroad, null when nobody need be. Rows are only added.';

CREATE TABLE handoff_step (
    handoff_id uuid NOT NULL CONSTRAINT handoff_step_of REFERENCES handoff,
    state text NOT NULL CONSTRAINT handoff_step_state CHECK (state IN ('contacted', 'done')),
    taken_at timestamptz NOT NULL,
    actor text NOT NULL,
    note text,
    CONSTRAINT handoff_step_pkey PRIMARY KEY (handoff_id, state)
);
CREATE INDEX handoff_step_taken_at ON handoff_step (taken_at);
COMMENT ON TABLE handoff_step IS 'How far the follow-up of a hand-off is. Rows are only added, each state once.';

CREATE TABLE counted_lookup (
    lookup_id uuid CONSTRAINT counted_lookup_pkey PRIMARY KEY,
    answered_at timestamptz NOT NULL,
    agency text NOT NULL,
    office text NOT NULL,
    purpose text NOT NULL,
    duration_ms integer,
    confirmed integer NOT NULL,
    probable integer NOT NULL,
    name_only integer NOT NULL,
    contradicted integer NOT NULL
);
CREATE INDEX counted_lookup_answered_at ON counted_lookup (answered_at);
COMMENT ON TABLE counted_lookup IS
    'What statistics count of a look-up, so that no answer need be read: how many matches of each grade it was told, and '
    'how many whole milliseconds it took at most (null before this was kept). office is empty without one. When its '
    'day is over, a row goes into counted_day.';

CREATE TABLE counted_day (
    day date NOT NULL,
    agency text NOT NULL,
    office text NOT NULL,
    purpose text NOT NULL,
    duration_ms integer,
    lookups bigint NOT NULL,
    confirmed bigint NOT NULL,
    probable bigint NOT NULL,
    name_only bigint NOT NULL,
    contradicted bigint NOT NULL,
    CONSTRAINT counted_day_key UNIQUE NULLS NOT DISTINCT (day, agency, office, purpose, duration_ms)
);
COMMENT ON TABLE counted_day IS
    'Look-ups of days of UTC that are over, those that took equally long together: a year is read in a moment.';

CREATE VIEW answered AS
SELECT day, agency, office, purpose, duration_ms, lookups, confirmed, probable, name_only, contradicted FROM counted_day
UNION ALL
SELECT (answered_at AT TIME ZONE 'UTC')::date, agency, office, purpose, duration_ms, 1, confirmed, probable, name_only,
    contradicted
FROM counted_lookup;
COMMENT ON VIEW answered IS 'All look-ups by day: each is in one of the two tables, and read once.';

CREATE TABLE hit_tip (
    lookup_id uuid NOT NULL,
    place integer NOT NULL,
    tip_id uuid NOT NULL,
    grade text NOT NULL,
    CONSTRAINT hit_tip_pkey PRIMARY KEY (lookup_id, place, tip_id)
);
CREATE INDEX hit_tip_tip_id ON hit_tip (tip_id);
COMMENT ON TABLE hit_tip IS
    'The tips each match of an answer rests on, so that a match is no longer counted for those who may not be told of it.';

CREATE TABLE counted_tip (
    tip_id uuid CONSTRAINT counted_tip_pkey PRIMARY KEY,
    version integer NOT NULL,
    source text NOT NULL,
    source_kind text NOT NULL,
    incident_type text NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX counted_tip_received_at ON counted_tip (received_at);
COMMENT ON TABLE counted_tip IS
    'What statistics count of a tip: what its newest content says, and when its first one came.';

CREATE INDEX lead_opened_at ON lead (opened_at);
CREATE INDEX referral_changed_at ON referral (changed_at);
CREATE INDEX note_created_at ON note (created_at);

INSERT INTO counted_lookup (lookup_id, answered_at, agency, office, purpose, duration_ms, confirmed, probable,
    name_only, contradicted)
SELECT lookup.lookup_id, lookup.answered_at, lookup.agency, COALESCE(lookup.office, ''), lookup.purpose, NULL,
    count(*) FILTER (WHERE told.grade = 'confirmed'), count(*) FILTER (WHERE told.grade = 'probable'),
    count(*) FILTER (WHERE told.grade = 'name_only'), count(*) FILTER (WHERE told.grade = 'contradicted')
FROM lookup
    LEFT JOIN LATERAL (
        SELECT match.value ->> 'grade' AS grade FROM jsonb_array_elements(lookup.answer -> 'matches') AS match
    ) AS told ON true
GROUP BY lookup.lookup_id;

INSERT INTO hit_tip (lookup_id, place, tip_id, grade)
SELECT lookup.lookup_id, match.place, tip.id::uuid, match.value ->> 'grade'
FROM lookup
    CROSS JOIN LATERAL jsonb_array_elements(lookup.answer -> 'matches') WITH ORDINALITY AS match (value, place)
    CROSS JOIN LATERAL jsonb_array_elements_text(match.value -> 'tip_ids') AS tip (id);
