"""All SQL of audit: of the log and its verifier (`log.py`), and of what is signed of it (`checkpoints.py`)."""
