-- What no service sent is passed over where the log's own time is asked for, however much of it there is.

CREATE INDEX event_sent ON event (head_id, occurred_at) WHERE is_verified IS NOT FALSE;
