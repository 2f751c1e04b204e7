-- The periodic audit: a report for each month, and who signed it off.

CREATE TABLE report (
    month date CONSTRAINT report_month CHECK (month = date_trunc('month', month)::date),
    report_id uuid NOT NULL CONSTRAINT report_pkey PRIMARY KEY,
    made_at timestamptz NOT NULL,
    document text NOT NULL,
    sha256 bytea NOT NULL CONSTRAINT report_sha256 CHECK (sha256 = pg_catalog.sha256(convert_to(document, 'UTF8'))),
    CONSTRAINT report_once UNIQUE (month)
);
COMMENT ON TABLE report IS 'What was done in a month (UTC), as canonical JSON, and its hash, which is what people sign.';

CREATE TABLE report_signature (
    report_id uuid NOT NULL CONSTRAINT report_signature_of REFERENCES report,
    role text NOT NULL CONSTRAINT report_signature_role CHECK (role IN ('system.admin', 'program.manager')),
    signer text NOT NULL,
    signed_at timestamptz NOT NULL,
    remark text,
    CONSTRAINT report_signature_pkey PRIMARY KEY (report_id, role),
    CONSTRAINT report_signature_other UNIQUE (report_id, signer)
);
COMMENT ON TABLE report_signature IS
    'Who signed a report off: the system administrator and the program manager, two people.';

DO $$
DECLARE
    app text := current_schema() || '_app';
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['report', 'report_signature'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept || '_is_kept', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', kept, kept || '_is_kept');
        EXECUTE format('GRANT SELECT, INSERT ON %I TO %I', kept, app);
    END LOOP;
END $$;
