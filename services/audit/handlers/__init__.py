"""What audit does.

`log.py`         adds batches of records to the log
`project.py`     follows the log behind its end; `sensors.py` is one that sees each event there
`followed.py`    up to when the log was followed
`checkpoints.py` signs what the logs have become
`proofs.py`      makes the proofs that follow from that, `exports.py` a range of the log with its own
`entries.py`     what auditors ask of events
`reports.py`     makes the periodic audit's reports, and has them signed
`announce.py`    publishes what audit itself has to say
"""
