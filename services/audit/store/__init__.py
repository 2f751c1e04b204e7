"""All SQL of audit: of the log (`log.py`), and of what is signed of it (`checkpoints.py`). The verifier has its own."""
