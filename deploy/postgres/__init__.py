"""The database's roles, schemas and extensions, for any PostgreSQL from 15 on."""
