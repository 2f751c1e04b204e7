"""Re-reads the whole log and says whether it is what was written, to someone who trusts nobody here.

It imports nothing of the project but these files and the pure ones of the format: `services/audit/domain/` `check`,
`header`, `merkle`, `note`, `proof`, `tiles`. Beside them it needs `cryptography` and `asyncpg`, and `aiokafka` where a
broker is named. `python -m services.audit.verifier --database URL` knows no settings; `python -m services.audit verify`
does the same for the running stack.

`run.py`      what is asked, the report, the exit code
`parts.py`    the logs, read by two processes where there is much to read
`logs.py`     one log: entries, tiles, and the roots that were signed of it
`signed.py`   notes: checkpoints kept here or elsewhere, and proofs
`proving.py`  makes a proof
`database.py` all SQL
`kafka.py`    how far the log is behind
"""
