-- A model says how far intake's topic had been read when it was learned, so that it is known what it was not learned from.

ALTER TABLE model ADD COLUMN read_to bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN model.read_to IS 'The sum of the offsets up to which intake.tips had been read then.';
