"""What each source knows and how it writes it down. A source's habits are data: change them here."""

from dataclasses import dataclass
from datetime import timedelta, timezone

from deploy.local.synth.chance import slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """The habits of one source; fields named `…_percent` say in how many of a hundred tips it gives the thing."""

    source: str
    voice: str
    reference: str
    """A pattern over {year}, {seed}, {region} and {serial}; no two tips of a world get the same."""
    utc_offset: timezone
    incident_types: tuple[str, ...]
    identifier_types: frozenset[str]
    """What it usually hears of; another type may still be the one thing it has."""
    is_abroad: bool = False
    is_verifying: bool = False
    ip_captures_max: int = 0
    file_hashes: tuple[str, ...] = ()
    files_percent: float = 0
    platform_percent: float = 0
    name_percent: float = 0
    birth_date_percent: float = 0
    citizenship_percent: float = 0
    address_percent: float = 0
    reporter_percent: float = 0
    victim_percent: float = 0
    recipient_percent: float = 0
    witness_percent: float = 0
    related_percent: float = 0

    @property
    def account(self) -> str:
        """The account of the test system that may submit this source's tips."""
        return f"source.{self.source}"


def _zone(hours: int) -> timezone:
    return timezone(timedelta(hours=hours))


MANNERS: dict[str, Manner] = {
    manner.source: manner
    for manner in (
        Manner(
            source="ncmec",
            voice="provider",
            reference="CT-{year}-{seed:03d}-{serial:06d}",
            utc_offset=_zone(0),
            incident_types=slots(possession=34, distribution=36, enticement=22, production=4, trafficking=2, other=2),
            identifier_types=frozenset({"email", "username", "phone", "account", "device", "payment"}),
            is_verifying=True,
            ip_captures_max=3,
            file_hashes=("sha1", "sha256", "md5", "pdq"),
            files_percent=70,
            platform_percent=100,
            name_percent=45,
            birth_date_percent=50,
            address_percent=15,
            reporter_percent=100,
            victim_percent=14,
            recipient_percent=12,
            related_percent=35,
        ),
        Manner(
            source="tipline",
            voice="caller",
            reference="TL{year}.{seed:03d}.{serial:06d}",
            utc_offset=_zone(-5),
            incident_types=slots(enticement=34, possession=18, other=26, trafficking=10, production=6, travel=6),
            identifier_types=frozenset({"email", "username", "phone"}),
            platform_percent=60,
            name_percent=75,
            birth_date_percent=20,
            address_percent=45,
            reporter_percent=70,
            victim_percent=25,
            witness_percent=8,
        ),
        Manner(
            source="interpol",
            voice="officer",
            reference="IP/{region}/{year}/{seed:03d}{serial:06d}",
            utc_offset=_zone(1),
            incident_types=slots(distribution=45, production=25, travel=20, trafficking=10),
            identifier_types=frozenset({"email", "username", "phone", "document", "account"}),
            is_abroad=True,
            ip_captures_max=2,
            file_hashes=("sha1", "md5"),
            files_percent=55,
            platform_percent=70,
            name_percent=80,
            birth_date_percent=75,
            citizenship_percent=90,
            address_percent=25,
            victim_percent=15,
            related_percent=20,
        ),
        Manner(
            source="police",
            voice="officer",
            reference="{region}-PD-{year}-{seed:03d}{serial:06d}",
            utc_offset=_zone(-6),
            incident_types=slots(enticement=35, possession=35, production=8, distribution=12, other=10),
            identifier_types=frozenset({"phone", "email", "username", "device"}),
            name_percent=85,
            birth_date_percent=80,
            address_percent=55,
            witness_percent=20,
            victim_percent=12,
        ),
        Manner(
            source="foreign_police",
            voice="officer",
            reference="{region}.{seed:03d}.{serial:06d}/{year}",
            utc_offset=_zone(2),
            incident_types=slots(distribution=40, enticement=30, travel=15, production=15),
            identifier_types=frozenset({"email", "username", "phone", "payment", "document"}),
            is_abroad=True,
            platform_percent=60,
            name_percent=90,
            birth_date_percent=70,
            citizenship_percent=70,
            address_percent=35,
            witness_percent=10,
        ),
        Manner(
            source="field",
            voice="officer",
            reference="HSI-{region}-{year}-{seed:03d}{serial:06d}",
            utc_offset=_zone(-7),
            incident_types=slots(possession=25, distribution=30, enticement=25, production=8, travel=8, trafficking=4),
            identifier_types=frozenset({"email", "phone", "device", "username", "payment", "document"}),
            ip_captures_max=1,
            file_hashes=("sha256",),
            files_percent=25,
            platform_percent=50,
            name_percent=85,
            birth_date_percent=75,
            citizenship_percent=50,
            address_percent=65,
            witness_percent=25,
            related_percent=10,
        ),
        Manner(
            source="attache",
            voice="officer",
            reference="ATT-{region}-{year}-{seed:03d}{serial:06d}",
            utc_offset=_zone(7),
            incident_types=slots(travel=65, trafficking=20, production=10, other=5),
            identifier_types=frozenset({"phone", "document", "email", "username"}),
            is_abroad=True,
            name_percent=95,
            birth_date_percent=85,
            citizenship_percent=100,
            address_percent=30,
            witness_percent=15,
        ),
    )
}

SOURCES = tuple(MANNERS)

SOURCES_AT_HOME = slots(ncmec=56, tipline=16, police=12, field=7, attache=4, interpol=3, foreign_police=2)
"""Who reports a person who lives in the United States."""

SOURCES_ABROAD = slots(ncmec=30, interpol=28, foreign_police=26, attache=14, tipline=2)
"""Who reports a person who lives elsewhere."""
