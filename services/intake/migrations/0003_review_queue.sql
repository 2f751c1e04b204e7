-- The review queue in the order in which people should work it: the most urgent tips first, then those that wait longest.

ALTER TABLE tip ADD COLUMN tier text COLLATE "C" NOT NULL DEFAULT ''
    CONSTRAINT tip_tier_check CHECK (tier IN ('', 'T0', 'T1', 'T2', 'T3', 'T4'));
ALTER TABLE tip ADD COLUMN tier_version integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN tip.tier IS 'How urgent the linker finds the tip; empty, which sorts first, until it says so.';
COMMENT ON COLUMN tip.tier_version IS 'The version of the linker''s news that tier is from.';
CREATE INDEX tip_queue ON tip (state, tier, tip_id);

-- A tip whose state stays is not counted again: its tier, too, is a change of the row.
CREATE OR REPLACE FUNCTION count_tips() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tip_count (source, state, tips) SELECT source, state, count(*) FROM added GROUP BY source, state;
    ELSE
        INSERT INTO tip_count (source, state, tips)
        SELECT source, state, sum(tips)
        FROM (SELECT source, state, 1 AS tips FROM added UNION ALL SELECT source, state, -1 FROM removed) AS changed
        GROUP BY source, state HAVING sum(tips) <> 0;
    END IF;
    RETURN NULL;
END $$;
