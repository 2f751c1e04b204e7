"""Faults from a seed, against the whole stack: `make test-fault SEED=n`.

`load` posts tips and notes every answer, while `chaos` kills and stops processes and poisons topics; then `check`
proves from what the stores and topics hold that nothing was lost, doubled or mixed up. One seed, one plan of faults.

`audit_*` and `test_audit_log` do the same to the audit log alone, far more often: `make test-audit-log`.
"""
