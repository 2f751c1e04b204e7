-- What is wrong with the log is listed, the latest first.

CREATE INDEX anomaly_newest ON anomaly (noticed_at, head_id, index, kind);
CREATE INDEX missing_number_newest ON missing_number (noticed_at, first, producer);
