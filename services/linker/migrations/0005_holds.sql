-- Leads that wait for a person, what people released, and leads that are silent.

ALTER TABLE lead ADD COLUMN held_type text, ADD COLUMN held_scope text;
COMMENT ON COLUMN lead.held_identifier IS 'The value that the lead hangs on; its type and scope beside it.';
COMMENT ON COLUMN lead.silent IS 'A person asked that nobody but its holder learn of it; the newest silence of its cluster''s leads decides.';

CREATE TABLE release (
    lead_id uuid NOT NULL CONSTRAINT release_lead REFERENCES lead,
    number integer NOT NULL,
    held_reason text NOT NULL CONSTRAINT release_held_reason CHECK (held_reason IN ('weak_bridge', 'weak_tie', 'many_tips')),
    type text,
    value text,
    scope text,
    tip_count integer NOT NULL,
    reason text NOT NULL,
    released_by text NOT NULL,
    released_at timestamptz NOT NULL,
    CONSTRAINT release_pkey PRIMARY KEY (lead_id, number),
    CONSTRAINT release_identifier CHECK (num_nulls(type, value, scope) IN (0, 3))
);
COMMENT ON TABLE release IS
    'Held leads that people let go on: for good as far as that reason and identifier go, and for many_tips until the lead '
    'has twice tip_count. Rows are only added.';

CREATE TABLE silence (
    lead_id uuid NOT NULL CONSTRAINT silence_lead REFERENCES lead,
    number integer NOT NULL,
    silent boolean NOT NULL,
    reason text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    CONSTRAINT silence_pkey PRIMARY KEY (lead_id, number)
);
COMMENT ON TABLE silence IS 'Leads that people made silent, or not any more. Rows are only added; the newest counts.';
