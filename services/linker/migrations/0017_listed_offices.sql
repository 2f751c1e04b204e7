-- Whom to call at an office is told by the directory, of every office. told_at is of the release before; it goes with the
-- next one.

SET LOCAL lock_timeout = '5s';

ALTER TABLE office_contact ADD COLUMN version integer NOT NULL DEFAULT 0, ALTER COLUMN told_at DROP NOT NULL;
COMMENT ON TABLE office_contact IS 'Whom to call at a field office, as referral''s directory says.';
COMMENT ON COLUMN office_contact.version IS 'Of the office in the directory; 0 where an event about a referral told it.';
