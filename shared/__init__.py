"""What two services use and that has no business word in it.

The exceptions are `shared.events` (what crosses a service border) and `shared.identifiers` (how an
identifier is normalised): they carry the glossary's words, and nothing else here may.
"""
