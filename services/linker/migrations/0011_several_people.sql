-- A lead is also held when only tips that speak of several people join two of its parts.

ALTER TABLE release DROP CONSTRAINT release_held_reason, ADD CONSTRAINT release_held_reason
    CHECK (held_reason IN ('weak_bridge', 'several_people', 'weak_tie', 'many_tips'));
