"""Deconfliction: who has a value, who asked for it, whose a tip is, and the notices raised. `inboxes` reads these.

What a look-up asked for is kept as the id of its key alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.domain.deconflict import SHOWN_HOLDERS_MAX, Asked, LookUp, Notice, Side, TipStanding, Unit
from services.linker.domain.evidence import Key
from services.linker.store.values import key_id_of
from shared.db.pool import Connection

SAVE_CONTACTS = """
INSERT INTO office_contact (office, version, name, phone)
SELECT row.office, row.version, row.name, row.phone
FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[]) AS row (office, version, name, phone)
ON CONFLICT ON CONSTRAINT office_contact_pkey DO UPDATE
    SET version = excluded.version, name = excluded.name, phone = excluded.phone
    WHERE office_contact.version < excluded.version"""
# Of the types asked for here, only a subject's value links.
SELECT_HOLDERS = """
SELECT DISTINCT key.key_id, holding.tip_id
FROM key JOIN holding ON holding.key_id = key.key_id AND holding.links
WHERE key.key_id = ANY($1::uuid[]) AND key.tip_count >= $2
    AND (key.standing IN ('single', 'joins') OR key.standing = 'shows' AND key.tip_count <= $3)
ORDER BY key.key_id, holding.tip_id"""
# Few values are a victim's: those are found first, and only then who else holds them.
SELECT_DUAL = """
WITH victim AS MATERIALIZED (
    SELECT DISTINCT ON (key_id) key_id, tip_id FROM holding
    WHERE role = 'victim' AND key_id = ANY($1::uuid[])
    ORDER BY key_id, tip_id DESC
)
SELECT DISTINCT ON (victim.key_id) victim.key_id, subject.tip_id AS subject_tip_id, victim.tip_id AS victim_tip_id
FROM victim
    JOIN key ON key.key_id = victim.key_id
    JOIN holding AS subject ON subject.key_id = victim.key_id AND subject.links
WHERE key.standing IN ('single', 'joins') OR key.standing = 'shows' AND key.tip_count <= $2
ORDER BY victim.key_id, subject.tip_id DESC"""
# A user name or a document number is looked for in every scope; other values have but one.
FIND_KEYS = """
SELECT given.key_id AS asked_id, found.key_id, found.standing IN ('single', 'joins')
    OR found.standing = 'shows' AND found.tip_count <= $4 AS speaks
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS given (key_id, type, value)
    JOIN LATERAL (
        SELECT key.key_id, key.standing, key.tip_count FROM key
        WHERE key.key_id = given.key_id AND key.type NOT IN ('username', 'document')
        UNION ALL
        SELECT key.key_id, key.standing, key.tip_count FROM key
        WHERE key.type IN ('username', 'document') AND key.type = given.type AND key.value = given.value
    ) AS found ON true"""
SAVE_ASKED = """
INSERT INTO asked (key_id, agency, office, lookup_id, asked_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
ON CONFLICT ON CONSTRAINT asked_pkey DO UPDATE SET lookup_id = excluded.lookup_id, asked_at = excluded.asked_at
    WHERE asked.asked_at < excluded.asked_at"""
SELECT_ASKED = """
SELECT key_id, agency, office, lookup_id FROM asked
WHERE key_id = ANY($1::uuid[]) AND asked_at > $2
ORDER BY key_id, agency, office"""
FORGET_ASKED = "DELETE FROM asked WHERE asked_at <= $1"
# Most tips have no lead, and to call the function takes ten times as long as all the rest.
SELECT_STANDINGS = """
SELECT tip.tip_id, tip.source, tip.source_kind, review.decision, lead.lead_id,
    COALESCE(lead.silent, false) AS is_silent,
    CASE WHEN lead.lead_id IS NOT NULL THEN office_of(lead.lead_id) END AS office
FROM tip
    LEFT JOIN review ON review.tip_id = tip.tip_id
    LEFT JOIN membership ON membership.tip_id = tip.tip_id
    LEFT JOIN lead ON lead.cluster_id = membership.cluster_id AND lead.merged_into IS NULL
WHERE tip.tip_id = ANY($1::uuid[])"""
RAISE_NOTICES = """
INSERT INTO notice (notice_id, kind, key_id, type, left_agency, left_office, left_told, right_agency, right_office,
    right_told, number, raised_at, until)
SELECT given.notice_id, given.kind, given.key_id, given.type, given.left_agency, given.left_office, given.left_told,
    given.right_agency, given.right_office, given.right_told, 1 + COALESCE(former.number, 0), $11, $12
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[],
        $9::text[], $10::boolean[])
    AS given (notice_id, kind, key_id, type, left_agency, left_office, left_told, right_agency, right_office,
        right_told)
    CROSS JOIN LATERAL (
        SELECT max(notice.number) AS number,
            bool_or(notice.until > $11 AND notice.left_told >= given.left_told
                AND notice.right_told >= given.right_told) AS is_told
        FROM notice
        WHERE notice.kind = given.kind AND notice.key_id = given.key_id
            AND notice.left_agency = given.left_agency AND notice.left_office = given.left_office
            AND notice.right_agency = given.right_agency AND notice.right_office = given.right_office
    ) AS former
WHERE former.is_told IS NOT TRUE
ON CONFLICT ON CONSTRAINT notice_once DO NOTHING
RETURNING notice_id"""
ADD_SIDES = """
INSERT INTO notice_side (notice_id, side, agency, office, is_told, record_kind, record_id, lead_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::uuid[],
    $8::uuid[])"""


@dataclass(frozen=True, slots=True)
class OfficeContact:
    """Whom to call at a field office, as a version of its entry in the directory says."""

    office: str
    version: int
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class AskedValues:
    """What is known of values that were asked for: the keys that may deconflict, in any scope.

    `silent` are values of which some key may not, as too many people have it.
    """

    speaking: Mapping[Key, Sequence[UUID]]
    silent: frozenset[Key]


async def save_contacts(transaction: Connection, contacts: Collection[OfficeContact]) -> None:
    """Store whom to call at offices, each office once, unless something newer is known."""
    await transaction.execute(
        SAVE_CONTACTS,
        [contact.office for contact in contacts],
        [contact.version for contact in contacts],
        [contact.name for contact in contacts],
        [contact.phone for contact in contacts],
    )


async def load_holders(
    transaction: Connection, key_ids: Iterable[UUID], *, tip_count_min: int
) -> dict[UUID, list[UUID]]:
    """Return the tips whose subjects hold each of these given values, the oldest first; of a common value none."""
    found: dict[UUID, list[UUID]] = {}
    for row in await transaction.fetch(SELECT_HOLDERS, list(key_ids), tip_count_min, SHOWN_HOLDERS_MAX):
        found.setdefault(row["key_id"], []).append(row["tip_id"])
    return found


async def load_dual(transaction: Connection, key_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, UUID]]:
    """Return of each value that a subject and a victim hold the newest tip of either, the subject's first."""
    rows = await transaction.fetch(SELECT_DUAL, list(key_ids), SHOWN_HOLDERS_MAX)
    return {row["key_id"]: (row["subject_tip_id"], row["victim_tip_id"]) for row in rows}


async def find_asked_values(transaction: Connection, keys: Iterable[Key]) -> AskedValues:
    """Return under which keys the values that look-ups asked for are held."""
    ids = {key_id_of(key): key for key in keys}
    rows = await transaction.fetch(
        FIND_KEYS,
        list(ids),
        [key.type for key in ids.values()],
        [key.value for key in ids.values()],
        SHOWN_HOLDERS_MAX,
    )
    speaking: dict[Key, list[UUID]] = {}
    for row in rows:
        if row["speaks"]:
            speaking.setdefault(ids[row["asked_id"]], []).append(row["key_id"])
    return AskedValues(speaking, frozenset(ids[row["asked_id"]] for row in rows if not row["speaks"]))


async def save_asked(transaction: Connection, lookups: Iterable[LookUp]) -> None:
    """Store the newest look-up of each unit for each value."""
    newest = {
        (asked.key, asked.unit): (asked, lookup.asked_at)
        for lookup in sorted(lookups, key=lambda lookup: lookup.asked_at)
        for asked in lookup.asked
    }
    await transaction.execute(
        SAVE_ASKED,
        [key_id_of(asked.key) for asked, _ in newest.values()],
        [asked.unit.agency for asked, _ in newest.values()],
        [asked.unit.office for asked, _ in newest.values()],
        [asked.lookup_id for asked, _ in newest.values()],
        [asked_at for _, asked_at in newest.values()],
    )


async def load_asked(transaction: Connection, keys: Iterable[Key], *, since: datetime) -> dict[Key, list[Asked]]:
    """Return who asked for the values after `since`, by unit; the keys are as look-ups ask."""
    ids = {key_id_of(key): key for key in keys}
    found: dict[Key, list[Asked]] = {}
    for row in await transaction.fetch(SELECT_ASKED, list(ids), since):
        key = ids[row["key_id"]]
        found.setdefault(key, []).append(Asked(key, Unit(row["agency"], row["office"]), row["lookup_id"]))
    return found


async def forget_asked(transaction: Connection, *, until: datetime) -> None:
    """Remove what was asked until then."""
    await transaction.execute(FORGET_ASKED, until)


async def load_standings(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, TipStanding]:
    """Return whose the tips are."""
    return {row["tip_id"]: TipStanding(**row) for row in await transaction.fetch(SELECT_STANDINGS, list(tip_ids))}


async def raise_notices(transaction: Connection, due: Mapping[Notice, Key]) -> list[Notice]:
    """Store notices about their values, but for what everybody whom they tell was told in a window that lasts.

    They are of one moment and one window, and at least one; those that were stored are returned.
    """
    first = next(iter(due))
    rows = await transaction.fetch(
        RAISE_NOTICES,
        [notice.notice_id for notice in due],
        [notice.kind for notice in due],
        [key_id_of(key) for key in due.values()],
        [notice.type for notice in due],
        [notice.left.unit.agency for notice in due],
        [notice.left.unit.office for notice in due],
        [notice.left.is_told for notice in due],
        [notice.right.unit.agency for notice in due],
        [notice.right.unit.office for notice in due],
        [notice.right.is_told for notice in due],
        first.raised_at,
        first.until,
    )
    new = {row["notice_id"] for row in rows}
    raised = [notice for notice in due if notice.notice_id in new]
    await _add_sides(
        transaction,
        [
            (each.notice_id, name, side)
            for each in raised
            for name, side in (("left", each.left), ("right", each.right))
        ],
    )
    return raised


async def _add_sides(transaction: Connection, sides: Sequence[tuple[UUID, str, Side]]) -> None:
    await transaction.execute(
        ADD_SIDES,
        [notice_id for notice_id, _, _ in sides],
        [name for _, name, _ in sides],
        [side.unit.agency for _, _, side in sides],
        [side.unit.office for _, _, side in sides],
        [side.is_told for _, _, side in sides],
        [side.record.kind for _, _, side in sides],
        [side.record.record_id for _, _, side in sides],
        [side.record.lead_id for _, _, side in sides],
    )
