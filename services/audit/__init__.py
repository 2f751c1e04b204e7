"""audit: who did what, when, and what became of it; in a log that shows when it was touched.

Owns      the log: an entry for each record of each topic, a head for each partition, and what was signed of it
Consumes  every topic, those of the offices too
Publishes audit.activity (what callers of its own routes did; nothing for storing, signing or verifying)

`domain/`   the bytes of an entry, the Merkle tree and its proofs, signed notes, what is wrong with a stored log; its
            docstring gives the whole format
`handlers/` append a batch, list events, sign, prove
`store/`    all SQL
`http.py`   GET /v1/entries, /v1/entries/{event_id}/proof, /v1/checkpoint
`stream.py` which topics are read, raw
`signing.py`  parts of the worker: a checkpoint twice a second while the log grows, and the witness's lines
`witness.py`  a process of its own that knows nothing of audit: `python -m services.audit.witness`
`verifier/` re-reads the whole log, imports nothing else of the project: `python -m services.audit verify`

What is read is never refused: what cannot be read is an opaque entry, what came twice a duplicate one. Not here: what
events mean, whether producers' MACs are right, reports and sensors: these come with later releases.
"""
