"""What happens in the lure world: an offender lures one victim, from a first account to a payment. No report yet."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.linking.lure_money import draw_gift_card
from tests.bench.linking.lure_networks import DAY, find_lease
from tests.bench.linking.lure_people import Account, Identity, Offender, Payment, Victim
from tests.bench.linking.lure_pictures import Picture, draw_copy, draw_picture
from tests.bench.linking.lure_society import Society
from tests.bench.linking.lure_words import draw_display_name, draw_word, skewed

SLOT_LEAN = 1.6
"""How much an offender prefers the first places over the others; 1.0 is not at all."""
NUMBER_CHAT_RATE = 0.5
"""Of episodes of an offender who has a number then, those moved to it; the others go to another account or stay."""
MOVED_RATE = 0.7
KNOWN_VICTIM_RATE, CREW_VICTIM_RATE = 0.05, 0.15
"""Of victims, those whom a stranger lured before; in a crew, those handed on by a colleague."""
HIJACKED_RATE = 0.05
"""Of first contacts, those from a stolen account of somebody uninvolved."""
GIFT_CARD_RATE, MULE_RATE = 0.25, 0.18
NEAR_COPY_RATE = 0.45
"""Of threats sent, those with the victim's name written in: a near copy of the template."""
OWN_PICTURE_RATE, IDENTITY_PICTURE_RATE, SCREENSHOT_RATE = 0.5, 0.35, 0.45
CREW_PAGE_RATE, GROUP_RATE = 0.3, 0.08
"""Of episodes with a page of the crew; of all, those that began in a group where many offenders look for victims."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One victim lured; every report of it tells a part. `hijacked` is (handle, account id) of the owner."""

    offender: Offender
    at: int
    victim: Victim
    contact: Account
    messenger: Account | None
    number: str | None
    payments: tuple[Payment, ...]
    mule: Payment | None
    identity: Identity
    display: str
    pictures: tuple[Picture, ...]
    hijacked: tuple[str, str] | None
    urls: tuple[str, ...]


class Stage:
    """Plays the episodes of a society, and remembers its victims."""

    def __init__(self, society: Society) -> None:
        self.society = society
        self.rng = society.rng
        self.victims: list[Victim] = []

    def play(self, offender: Offender) -> Iterator[Episode]:
        """Yield one episode after the other, in bursts within the offender's time, without end."""
        rng = self.rng
        bursts = [rng.randint(offender.start, offender.end) for _ in range(1 + offender.tips // 4)]
        while True:
            yield self._draw_episode(offender, min(offender.end, rng.choice(bursts) + rng.randrange(6 * DAY)))

    def _draw_episode(self, offender: Offender, at: int) -> Episode:
        rng, slots, crew = self.rng, offender.slots, offender.crew
        contact = slots[skewed(rng, len(slots), SLOT_LEAN)].find_account(at)
        number = find_lease(offender.numbers, at) if rng.random() < NUMBER_CHAT_RATE else None
        second = None
        if not number and rng.random() < MOVED_RATE:
            second = slots[(2 + skewed(rng, len(slots), SLOT_LEAN)) % len(slots)].find_account(at)
        identity = rng.choice(offender.identities)
        is_hijacked = rng.random() < HIJACKED_RATE
        urls = [rng.choice(crew.pages)] if crew and rng.random() < CREW_PAGE_RATE else []
        if rng.random() < GROUP_RATE:
            urls.append(self.society.groups[skewed(rng, len(self.society.groups))])
        return Episode(
            offender=offender,
            at=at,
            victim=self._choose_victim(offender),
            contact=contact,
            messenger=second if second is not contact else None,
            number=number,
            payments=self._draw_payments(offender),
            mule=rng.choice(offender.mules) if rng.random() < MULE_RATE else None,
            identity=identity,
            display=identity.name.split()[0] if rng.random() < 0.5 else draw_display_name(rng),
            pictures=self._draw_pictures(offender, identity),
            hijacked=(draw_word(rng, 3), contact.platform.draw_id(rng, at)) if is_hijacked else None,
            urls=tuple(urls),
        )

    def _choose_victim(self, offender: Offender) -> Victim:
        rng, chance = self.rng, self.rng.random()
        if offender.crew and offender.crew.victims and chance < CREW_VICTIM_RATE:
            return rng.choice(offender.crew.victims)
        if self.victims and chance < KNOWN_VICTIM_RATE:
            return rng.choice(self.victims)
        victim = self.society.draw_victim()
        self.victims.append(victim)
        if offender.crew:
            offender.crew.victims.append(victim)
        return victim

    def _draw_payments(self, offender: Offender) -> tuple[Payment, ...]:
        rng = self.rng
        payments: list[Payment] = []
        if offender.payments and rng.random() < 0.8:
            payments.append(offender.payments[skewed(rng, len(offender.payments), 1.5)])
        if rng.random() < GIFT_CARD_RATE:
            payments.append(draw_gift_card(rng))
        return tuple(payments)

    def _draw_pictures(self, offender: Offender, identity: Identity) -> tuple[Picture, ...]:
        rng = self.rng
        template = rng.choice(rng.choice(offender.kits).pictures)
        sent = [draw_copy(rng, template) if rng.random() < NEAR_COPY_RATE else template]
        if offender.own_pictures and rng.random() < OWN_PICTURE_RATE:
            own = rng.choice(offender.own_pictures)
            sent.append(draw_copy(rng, own) if rng.random() < NEAR_COPY_RATE / 2 else own)
        if rng.random() < IDENTITY_PICTURE_RATE:
            sent.append(rng.choice(identity.pictures))
        if rng.random() < SCREENSHOT_RATE:
            sent.append(draw_picture(rng))
        return tuple(sent)
