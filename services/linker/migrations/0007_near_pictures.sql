-- The second stage: which pictures are near which, looked for beside what arrives, and what that says.

CREATE TABLE picture_waiting (
    hash bit(256) CONSTRAINT picture_waiting_pkey PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    is_unknown boolean NOT NULL,
    waiting_since timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX picture_waiting_number ON picture_waiting (number);
COMMENT ON TABLE picture_waiting IS
    'Hashes whose holders changed since the second stage last looked at them, or that have gone. number is new with each '
    'change, so that one that comes while a hash is looked at is not lost. is_unknown: what is near has to be searched for.';

CREATE TABLE near_picture (
    hash bit(256) NOT NULL,
    other_hash bit(256) NOT NULL,
    distance integer NOT NULL CONSTRAINT near_picture_distance CHECK (distance BETWEEN 1 AND 31),
    CONSTRAINT near_picture_pkey PRIMARY KEY (hash, other_hash)
);
CREATE INDEX near_picture_other_hash ON near_picture (other_hash);
COMMENT ON TABLE near_picture IS
    'The hashes near each hash: all of them, unless there are more than its cap; then just enough to know that.';

CREATE TABLE picture_standing (
    hash bit(256) CONSTRAINT picture_standing_pkey PRIMARY KEY,
    tip_count integer NOT NULL,
    is_crowded boolean NOT NULL,
    is_silent boolean NOT NULL
);
CREATE INDEX picture_standing_crowded ON picture_standing (hash) WHERE is_crowded;
COMMENT ON TABLE picture_standing IS
    'What a hash says, once it was searched for. tip_count: tips that show it or what is near it. is_crowded: more hashes '
    'are near it than near_picture names. is_silent: it says nothing, being crowded, in too many tips, or called viral '
    'where it or what is near it is shown.';
