"""What audit does.

`log.py`         adds batches of records to the log, and lists its events
`checkpoints.py` signs what the logs have become, and makes proofs
"""
