"""audit: who did what, when, and what became of it; in a log that shows when it was touched.

Owns      the log: an entry for each record of each topic, a head for each partition, and what was signed of it
Consumes  every topic, those of the offices too
Publishes audit.activity (what callers of its own routes did, anomalies and gaps of other topics, reports; nothing for
          storing, signing or verifying)

`domain/`   the bytes of an entry, the Merkle tree and its proofs, signed notes, what is wrong with a stored log;
            whether a producer sent a record; sensors and reasons; reports. Its docstring gives the whole format
`handlers/` append a batch; follow the log; sign, prove, export; let sensors see; make and sign reports
`store/`    all SQL
`http/`     for auditors: entries, an actor's day, who saw a record, proofs, exports, anomalies, flags, look-ups,
            reports
`stream.py` which topics are read, raw
`following.py`  a part of the worker: half a second behind the log, what can be searched, who sent what, sensors' needs
`judging.py`    a part of the worker: sensors judge what is due, behind what was followed
`signing.py`    parts of the worker: a checkpoint twice a second while the log grows, and the witness's lines
`reporting.py`  a part of the worker: a report for each month, and the alarm when its signatures are missing
`witness.py`    a process of its own that knows nothing of audit: `python -m services.audit.witness`
`verifier/`     re-reads the whole log, or a copy of it, imports nothing else of the project but pure files of the
                format: `python -m services.audit verify`
`derived.py` `verify --derived`: derives anew from the log what follows it, with the code that does so at work, and
             compares that with what is stored

What is read is never refused: what cannot be read is an opaque entry, what came twice a duplicate one. The log itself
knows nothing of what events mean; only what follows it does. Not here: accounts and logins themselves, and what may be
removed by law: these come with governance.
"""
