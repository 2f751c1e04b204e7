-- Sources name other reports as related to theirs. What tips name that were stored before this is not known here.

CREATE TABLE named_report (
    tip_id uuid NOT NULL,
    source_ref text NOT NULL,
    CONSTRAINT named_report_pkey PRIMARY KEY (tip_id, source_ref)
);
CREATE INDEX named_report_source_ref ON named_report (source_ref);
COMMENT ON TABLE named_report IS 'The references by which tips name other reports as related to theirs, as given.';
CREATE INDEX tip_source_ref ON tip (source_ref);
