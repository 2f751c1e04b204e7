-- The relay is told by a bell after the commit (shared/kafka/bell.py), no longer within it.

DROP TRIGGER outbox_announce ON outbox;
DROP FUNCTION outbox_announce();
