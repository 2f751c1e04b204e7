-- How urgent each tip is by its own words, and what tier was last told of it: the review queue is ordered by it.

ALTER TABLE tip ADD COLUMN tier text CONSTRAINT tip_tier CHECK (tier IN ('T0', 'T1', 'T2', 'T3', 'T4'));
COMMENT ON COLUMN tip.tier IS 'How urgent the tip is by its own words; null until its content is read again (relink).';

ALTER TABLE membership ADD COLUMN tier text
    CONSTRAINT membership_tier CHECK (tier IN ('T0', 'T1', 'T2', 'T3', 'T4'));
COMMENT ON COLUMN membership.tier IS 'The tier that was told with the newest version.';
