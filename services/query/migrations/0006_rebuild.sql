-- What was told before a rebuild, and not yet again since, is stale: it answers as ever, and its own version replaces it.

SET LOCAL lock_timeout = '5s';

ALTER TABLE tip ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
ALTER TABLE record ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
ALTER TABLE review ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
ALTER TABLE membership ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
ALTER TABLE lead ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
ALTER TABLE referral ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
ALTER TABLE counted_tip ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
