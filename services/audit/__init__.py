"""audit: who did what, when, and what became of it; in a log that shows when it was touched.

Owns      the log: an entry for each record of each topic, and a head for each partition
Consumes  every topic, those of the offices too
Publishes audit.activity (what callers of its own routes did; nothing for storing or verifying)

`domain/`      the bytes of an entry, the Merkle tree, what a batch adds, what is wrong with a stored log; its docstring
               gives the whole format
`handlers.py`  append a batch, list events
`store.py`     all SQL
`http.py`      GET /v1/entries
`stream.py`    which topics are read, raw
`verify.py`    a room of its own: re-reads the whole log, `python -m services.audit verify`

What is read is never refused: what cannot be read is an opaque entry, what came twice a duplicate one. Not here: what
events mean. Signed checkpoints, the witness and proofs come with a later release, on these same rows.
"""
