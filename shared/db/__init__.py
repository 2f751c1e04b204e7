"""PostgreSQL: the pool, which errors pass by themselves, and the migration runner. No business word here."""
