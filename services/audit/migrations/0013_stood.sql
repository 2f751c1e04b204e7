-- Whoever pages through look-ups sees each as it stood at the first page: none is shown twice or skipped when it moves.

CREATE TABLE stood (
    number bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT stood_pkey PRIMARY KEY,
    event_id uuid NOT NULL,
    standing text NOT NULL
);
CREATE INDEX stood_of_lookup ON stood (event_id, number);
COMMENT ON TABLE stood IS 'How a look-up stood until now, whenever that changed; numbered in the order in which it did.';

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON stood TO %I', current_schema() || '_app');
END $$;
