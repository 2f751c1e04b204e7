"""Intake on a real database, through its HTTP."""
