"""Tests of what intake decides without a database."""
