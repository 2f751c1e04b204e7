-- A tier set by hand weighs what was known then. What was set before this, or by the release before, stands whatever comes.

ALTER TABLE priority ADD COLUMN over_tier text NOT NULL DEFAULT 'T0'
    CONSTRAINT priority_over_tier CHECK (over_tier IN ('T0', 'T1', 'T2', 'T3', 'T4'));
COMMENT ON COLUMN priority.over_tier IS
    'The tier that the lead''s tips had by themselves when a person set another. The default is of the release before.';
