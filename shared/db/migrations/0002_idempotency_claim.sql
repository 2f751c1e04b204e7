-- A request of many transactions claims its Idempotency-Key first, for a time it renews with each of them.

ALTER TABLE idempotency
    ADD COLUMN holder uuid,
    ADD COLUMN claimed_until timestamptz,
    ADD CONSTRAINT idempotency_claim_check CHECK ((holder IS NULL) = (claimed_until IS NULL));
COMMENT ON TABLE idempotency IS
    'Answers given under an Idempotency-Key, repeated for 24 hours. Status 0: whoever holds the key has yet to answer; '
    'once claimed_until has passed, a request with the same body may take over.';
