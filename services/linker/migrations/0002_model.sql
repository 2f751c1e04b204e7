-- What a value says is learned from its holders; what was learned, and which tips were linked by it.

CREATE TABLE model (
    number integer GENERATED ALWAYS AS IDENTITY CONSTRAINT model_pkey PRIMARY KEY,
    version text NOT NULL,
    tip_count integer NOT NULL,
    learned_at timestamptz NOT NULL,
    learned jsonb NOT NULL
);
COMMENT ON TABLE model IS
    'What was learned from the tips there were (tip_count); the newest counts. Rows are only added, so that it can be '
    'told by what any link was once made.';

ALTER TABLE tip ADD COLUMN profile jsonb NOT NULL DEFAULT '{}', ADD COLUMN linked_by text NOT NULL DEFAULT '';
CREATE INDEX tip_linked_by ON tip (linked_by, tip_id);
COMMENT ON COLUMN tip.profile IS 'Names and birth dates of the subjects, as they are compared.';
COMMENT ON COLUMN tip.linked_by IS 'The version of the model by which the tip was last linked; another one is stale.';

ALTER TABLE key ADD COLUMN reliability double precision NOT NULL DEFAULT 0
    CONSTRAINT key_reliability CHECK (reliability BETWEEN 0 AND 1);
COMMENT ON COLUMN key.reliability IS 'In which part of the pairs of its holders the two are one person.';
