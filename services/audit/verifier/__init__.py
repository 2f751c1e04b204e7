"""Re-reads the whole log and says whether it is what was written, to someone who trusts nobody here.

It imports nothing of the project but these files and the pure ones of the format: `services/audit/domain/` `check`,
`header`, `merkle`, `note`, `proof`, `tiles`. Beside them it needs `cryptography`; `asyncpg` where a database is named,
and where a broker is, `aiokafka` with what lets it read every record (`shared/kafka/header_names.py`).
`python -m services.audit.verifier` knows no settings and takes `--database URL`, `--dump FOLDER` or `--tiles FOLDER`;
`python -m services.audit verify` does the same for the running stack.

`run.py`      does what is asked
`options.py`  what can be asked
`report.py`   what was found, how it is said, the exit code
`whole.py`    all of a database or dump
`parts.py`    the logs, read by two processes where there is much to read
`logs.py`     one log: entries, tiles, and the roots that were signed of it
`signed.py`   notes: checkpoints kept here or elsewhere, and proofs
`proving.py`  makes a proof
`snapshot.py` what they read from, whichever it is: `database.py`, with its SQL, or `dump.py`
`copyfile.py` the files of a dump, which COPY ... (FORMAT binary) makes
`folder.py`   a folder of tiles, written and verified; its docstring gives the format
`kafka.py`    how far the log is behind Kafka, and whether it is what lies there
"""
