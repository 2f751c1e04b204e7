"""What looks like abuse: each sensor sees one person's day, and says what of it an auditor should look at.

    no_reason     look-ups that name no flight and no case, and many that nothing on record explains
    own_reason    a passenger list or a tip of one's own, for the sake of looking people up
    enumeration   neighbours one after another (a name, a number that counts up); lists of people without a reason
    repeated      one person again and again, while nothing new was heard of them
    self_lookup   whoever asks is asked for
    off_hours     a peak at hours in which this person never works, about nothing that is new
    bulk_view     far more records seen than the work of this role takes

A flag belongs to a day in UTC, and rests on any stretch of time that ends on it. Sensors flag and never block. They
find more, and never less, as more of a day is known, and what explains a look-up lies in its own past: so which flags
there are does not depend on when they were looked for. The thresholds are constants beside each sensor, chosen on
synthetic people (`tests/bench/sensors`, DECISIONS.md 59 and 61): above what a busy day of honest work reached there,
below what was planted.
"""

from collections.abc import Callable, Sequence

from services.audit.domain.sensors.bulk_view import see_bulk_view
from services.audit.domain.sensors.day import Day, Flag
from services.audit.domain.sensors.enumeration import see_enumeration
from services.audit.domain.sensors.no_reason import see_no_reason
from services.audit.domain.sensors.off_hours import see_off_hours
from services.audit.domain.sensors.own_reason import see_own_reason
from services.audit.domain.sensors.repeated import see_repeated
from services.audit.domain.sensors.self_lookup import see_self_lookup

SENSORS: tuple[Callable[[Day], Sequence[Flag]], ...] = (
    see_no_reason,
    see_own_reason,
    see_enumeration,
    see_repeated,
    see_self_lookup,
    see_off_hours,
    see_bulk_view,
)
NAMES = ("bulk_view", "enumeration", "no_reason", "off_hours", "own_reason", "repeated", "self_lookup")


def see(day: Day) -> list[Flag]:
    """Return what all sensors say of a person's day; at most one flag for each reason."""
    return [flag for sensor in SENSORS for flag in sensor(day)]
