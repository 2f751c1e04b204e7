-- Which request made an answer, so that a repeat can be on record as that of it.

ALTER TABLE idempotency ADD COLUMN request_id uuid;
