"""What a tip holds, who may link by it, and what an analyst is told about a link."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.domain.cluster import Judged, Judgement, Pair, newest_judgements
from services.linker.domain.evidence import (
    LINKING_KEYS_MAX,
    Holding,
    Key,
    KeyStat,
    holdings_of,
    key_stats,
)
from services.linker.domain.facts import Address, File, GivenIdentifier, Party, Research, Role, TipContent, Urgency
from services.linker.domain.links import EVIDENCE_MAX, EVIDENCE_MIN, Link, Worth, links_of
from services.linker.domain.model import Model, Tally
from services.linker.domain.rules import RULES, Standing
from tests.unit.linker.holders import holders_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HASH = "ab" * 32
MODEL = Model()


def uid(number: int) -> UUID:
    return UUID(f"01950000-0000-7000-8000-{number:012x}")


def email(value: str = "dark@example.org") -> GivenIdentifier:
    return GivenIdentifier("email", value)


def network(
    address: str = "203.0.113.9", *, port: int | None = None, after: timedelta = timedelta()
) -> GivenIdentifier:
    return GivenIdentifier("ip", address, port=port, at=NOW + after)


def party(*identifiers: GivenIdentifier, role: Role = "subject", home: Address | None = None) -> Party:
    return Party(uid(900), role, identifiers=identifiers, addresses=(home,) if home else ())


def tip(number: int, *parties: Party, files: tuple[File, ...] = (), viral: bool = False) -> TipContent:
    return TipContent(
        uid(number), 1, "ncmec", f"CT-{number}", NOW, "possession",
        urgency=Urgency(viral=viral), parties=parties, files=files,
    )  # fmt: skip


def holdings_in(*contents: TipContent) -> list[Holding]:
    return [holding for content in contents for holding in holdings_of(content)]


def standings_of(holdings: Iterable[Holding]) -> dict[Key, Standing]:
    """Return how each value stands as long as nothing was learned."""
    return {
        key: MODEL.standing(key.type, stat.tip_count, stat.viral_count, MODEL.reliability(key, stat.tip_count, Tally()))
        for key, stat in key_stats(holdings).items()
    }


def types_that(standing: Standing, *contents: TipContent) -> set[str]:
    return {key.type for key, found in standings_of(holdings_in(*contents)).items() if found == standing}


def worth_of(holdings: Iterable[Holding]) -> dict[Key, Worth]:
    held = list(holdings)
    standings = standings_of(held)
    return {
        key: Worth(stat.tip_count, MODEL.reliability(key, stat.tip_count, Tally()))
        for key, stat in key_stats(held).items()
        if standings[key] in ("joins", "shows")
    }


def links_between(*contents: TipContent, judged: Judged | None = None) -> tuple[Link, ...]:
    """Return the links of the first of the tips."""
    held = holdings_in(*contents)
    judgements = [Judgement(uid(800), uid(1), uid(2), judged, NOW)] if judged else []
    return links_among(held, worth_of(held), newest_judgements(judgements))


def links_among(
    held: Iterable[Holding], worth: Mapping[Key, Worth], judgements: Mapping[Pair, Judgement] | None = None
) -> tuple[Link, ...]:
    """Return the links of the first tip."""
    return links_of([uid(1)], holders_of(held), worth=worth, judgements=judgements or {}, model=MODEL)[uid(1)]


@pytest.mark.parametrize(
    "identifier",
    [
        email(),
        GivenIdentifier("account", "900100", service="socialA"),
        GivenIdentifier("username", "dark_77", service="socialA"),
        GivenIdentifier("phone", "+1 212 736 5000"),
        GivenIdentifier("device", "490154203237518"),
        GivenIdentifier("payment", "dark77", service="payC"),
        GivenIdentifier("document", "P1234567", country="US"),
    ],
    ids=lambda identifier: identifier.type,
)
def test_two_subjects_with_one_strong_identifier_are_joined_by_it(identifier: GivenIdentifier) -> None:
    contents = tip(1, party(identifier)), tip(2, party(identifier))
    assert identifier.type in types_that("joins", *contents)
    (link,) = links_between(*contents)
    assert (link.tip_id, link.strength) == (uid(2), "strong")


def test_the_reasons_of_a_link_come_in_one_order_whatever_the_order_in_which_values_are_read() -> None:
    names = [GivenIdentifier("username", "dark_77", service=service) for service in ("socialA", "socialB")]
    held = holdings_in(tip(1, party(*names)), tip(2, party(*names)))
    (one,), (other,) = (links_among(holdings, worth_of(held)) for holdings in (held, held[::-1]))
    assert [each.detail for each in one.evidence] == [each.detail for each in other.evidence]


def test_of_a_list_of_values_the_first_given_link_and_the_others_tell_why_not() -> None:
    """And two tips that share hundreds are told of the surest, whichever were read first."""
    names = [
        GivenIdentifier("account", f"9001{number:04}", service="socialA") for number in range(LINKING_KEYS_MAX + 5)
    ]
    held = holdings_of(tip(1, party(*names, names[0]), party(names[1])))
    linking = {holding.key.value for holding in held if holding.links}
    assert linking == {f"9001{number:04}" for number in range(LINKING_KEYS_MAX)}
    assert {holding.reason for holding in held if not holding.links} == {"its tip holds more than 1,000 values"}
    found = holdings_of(tip(1, party(*names)), [Research((party(email()),))])
    assert [holding.links for holding in found if holding.key.type == "email"] == [True]
    assert len({holding.key for holding in found if holding.links}) == LINKING_KEYS_MAX

    contents = tip(1, party(*names, email())), tip(2, party(email(), *names))
    both = holdings_in(*contents)
    worth = worth_of(both)
    worth[Key("account", "90010007", "sociala")] = Worth(2, 0.97)
    (one,), (other,) = (links_among(holdings, worth) for holdings in (both, both[::-1]))
    assert one == other
    assert len(one.evidence) == EVIDENCE_MAX
    assert one.evidence[0].value == "90010007"


@pytest.mark.parametrize("hashes", [File(sha256=HASH), File(sha1="ab" * 20), File(md5="ab" * 16)])
def test_two_tips_with_one_file_are_shown_together_and_not_joined(hashes: File) -> None:
    contents = tip(1, files=(hashes,)), tip(2, files=(hashes,))
    assert list(standings_of(holdings_in(*contents)).values()) == ["shows"]
    assert [link.strength for link in links_between(*contents)] == ["weak"]


@pytest.mark.parametrize("role", ["victim", "reporter", "recipient", "witness", "account_victim"])
def test_no_role_but_the_subject_links_tips(role: Role) -> None:
    home = Address(line="12 Elm Street", city="Springfield")
    other = party(email(), network(port=51_000), role=role, home=home)
    assert links_between(tip(1, other), tip(2, other)) == ()
    assert links_between(tip(1, party(email())), tip(2, other)) == ()
    held = holdings_of(tip(1, other))
    assert key_stats(held) == {}
    # Nor is anything derived from it: no handle, no line at a time, no address.
    assert [(holding.key.type, holding.reason) for holding in held] == [
        ("email", f"a {role.replace('_', ' ')} holds it"),
        ("ip", "needs time and port"),
    ]


def test_what_a_report_gives_as_a_victims_too_is_the_subjects_still() -> None:
    line = network(port=51_000)
    held = holdings_of(tip(1, party(line), party(line, role="victim")))
    assert {holding.key.type for holding in held if holding.links} >= {"ip"}


@pytest.mark.parametrize("role", ["reporter", "recipient", "witness", "account_victim"])
def test_what_a_report_gives_as_somebody_elses_too_is_not_the_subjects(role: Role) -> None:
    own, theirs = email("own@example.org"), email("Desk.Two@gmail.com")
    other = party(email("desktwo@gmail.com"), network(), role=role)
    held = holdings_of(tip(1, party(own, theirs, network(port=51_000)), other))
    # Nor does what is derived of it: no handle, no line at a time.
    assert {holding.key.value for holding in held if holding.links} == {"own@example.org"}
    refused = [holding for holding in held if holding.role == "subject" and not holding.links]
    assert {holding.key.type for holding in refused} == {"email", "ip"}
    assert {holding.reason for holding in refused} == {f"a {role.replace('_', ' ')} holds it"}


def test_what_research_finds_to_be_the_subjects_links_whoever_the_tip_gives_it_to() -> None:
    found = Research(parties=(party(email()),))
    held = holdings_of(tip(1, party(email()), party(email(), role="reporter")), [found])
    assert {holding.origin for holding in held if holding.links} == {"research"}


def test_what_does_not_link_for_a_reason_of_its_own_keeps_it_beside_somebody_else() -> None:
    nobody = email("none@none.com")
    (first, _) = holdings_of(tip(1, party(nobody), party(nobody, role="reporter")))
    (alone,) = holdings_of(tip(1, party(nobody)))
    assert first.reason == alone.reason


def test_the_same_name_on_two_services_is_two_values_and_one_handle() -> None:
    left = tip(1, party(GivenIdentifier("username", "dark_77", service="socialA")))
    right = tip(2, party(GivenIdentifier("username", "dark.77", service="chatB")))
    assert types_that("joins", left, right) == {"handle"}
    (link,) = links_between(left, right)
    assert [evidence.detail for evidence in link.evidence] == [
        "same handle, apart from punctuation, on any service, seen in 2 tips"
    ]


def test_a_handle_is_taken_from_mail_and_payment_names_too_but_from_no_bank_account() -> None:
    held = holdings_of(
        tip(
            1,
            party(
                email("Night.Owl@example.org"),
                GivenIdentifier("payment", "$nightowl", service="payC"),
                GivenIdentifier("payment", "GB29 NWBK 6016 1331 9268 19"),
            ),
        )
    )
    assert {holding.key.value for holding in held if holding.key.type == "handle"} == {"nightowl"}
    assert {holding.key.value for holding in held if holding.key.type == "handle_family"} == {"nightowl"}


@pytest.mark.parametrize("value", ["12345678@example.org", "unknown@example.org", "abc@example.org"])
def test_digits_placeholders_and_what_is_short_are_no_handle(value: str) -> None:
    assert {holding.key.type for holding in holdings_of(tip(1, party(email(value))))} <= {"email"}


def test_a_placeholder_is_no_handle_however_it_is_punctuated() -> None:
    names = (GivenIdentifier("username", value, service="chatB") for value in ("anon.ymous", "un_known"))
    assert {holding.key.type for holding in holdings_of(tip(1, party(*names)))} == {"username"}


def test_names_and_birth_dates_are_no_values() -> None:
    joe = replace(party(), names=("Joe Dark",), birth_date="1980-02-13")
    assert holdings_of(tip(1, joe)) == ()


def test_a_value_that_never_links_is_kept_with_its_reason() -> None:
    address = GivenIdentifier("ip", "203.0.113.9")
    (held,) = holdings_of(tip(1, party(address)))
    assert not held.links
    assert held.reason
    assert links_between(tip(1, party(address)), tip(2, party(address))) == ()


def test_a_postal_address_is_one_flat_whatever_its_spelling() -> None:
    flat = Address(line="12 Elm Street, Apt 3", city="Springfield", postal_code="12345")
    alike = Address(line="12 ELM STREET APT. 3", postal_code="12345")
    next_door = replace(flat, line="12 Elm Street, Apt 4")
    assert [link.tip_id for link in links_between(tip(1, party(home=flat)), tip(2, party(home=alike)))] == [uid(2)]
    assert links_between(tip(1, party(home=flat)), tip(2, party(home=next_door))) == ()
    for vague in (Address(line="12 Elm Street"), Address(city="Springfield", postal_code="12345")):
        assert holdings_of(tip(1, party(home=vague))) == ()


def test_a_value_that_does_not_fit_its_type_is_not_held() -> None:
    assert holdings_of(tip(1, party(email("not an address")), files=(File(sha256="12"),))) == ()


def test_a_viral_file_links_nobody_even_when_only_one_tip_says_so() -> None:
    plain, viral = File(sha256=HASH), File(sha256=HASH, viral=True)
    ordinary = tip(1, files=(plain,)), tip(2, files=(plain,))
    assert len(links_between(*ordinary)) == 1
    for third in (tip(3, files=(viral,)), tip(3, files=(plain,), viral=True)):
        assert types_that("viral", *ordinary, third) == {"sha256"}
        assert links_between(*ordinary, third) == ()


def test_a_viral_tip_still_links_by_its_account() -> None:
    (link,) = links_between(tip(1, party(email()), viral=True), tip(2, party(email())))
    assert link.strength == "strong"


def test_research_links_like_the_tip_and_says_where_it_came_from() -> None:
    held = [*holdings_of(tip(1), [Research(parties=(party(email("a.b@gmail.com")),))])]
    held += holdings_of(tip(2, party(email("a.b@gmail.com"))))
    assert list(standings_of(held).values()) == ["joins"]
    (link,) = links_among(held, worth_of(held))
    assert [each.detail for each in link.evidence] == ["same e-mail address, seen in 2 tips, found by research"]


def test_a_file_found_by_research_is_viral_only_when_research_says_so() -> None:
    contents = tip(1, viral=True)
    for is_viral in (False, True):
        (held,) = holdings_of(contents, [Research(files=(File(sha256=HASH, viral=is_viral),))])
        assert held.is_viral == is_viral


def test_a_value_given_twice_is_one_holding_and_one_tip() -> None:
    twice = tip(1, party(email("a.b@gmail.com"), replace(email(" A.B@gmail.com"), verified=True)))
    (held,) = holdings_of(twice)
    assert held.is_verified
    assert key_stats([held, *holdings_of(twice)]) == {held.key: KeyStat(1)}


def test_links_come_heaviest_first_with_a_sentence_for_each_value() -> None:
    name = GivenIdentifier("username", "dark_77", service="chatB")
    links = links_between(tip(1, party(email(), name)), tip(2, party(name)), tip(3, party(email(), name)))
    assert [link.tip_id for link in links] == [uid(3), uid(2)]
    assert [evidence.detail for evidence in links[0].evidence] == [
        "same e-mail address, seen in 2 tips",
        "same user name on chatb, seen in 3 tips",
        "same handle, apart from punctuation, on any service, seen in 2 tips",
        "same handle, apart from punctuation, on any service, seen in 3 tips",
    ]
    assert links[0].weight > links[1].weight
    assert links[0].weight == sum(evidence.weight for evidence in links[0].evidence)
    assert {link.rules_version for link in links} == {MODEL.version}


def test_another_spelling_links_with_less_weight_and_says_so() -> None:
    (alike,) = links_between(tip(1, party(email("a.b@gmail.com"))), tip(2, party(email("A.B@gmail.com"))))
    (unlike,) = links_between(tip(1, party(email("a.b@gmail.com"))), tip(2, party(email("ab+x@gmail.com"))))
    assert alike.evidence[0].rule == "same_email"
    assert unlike.evidence[0].rule == "same_email_canonical"
    assert unlike.evidence[0].detail == "same e-mail address after removing dots and +tag, seen in 2 tips"
    assert unlike.weight < alike.weight


def test_a_web_address_alone_is_medium_evidence() -> None:
    page = GivenIdentifier("url", "https://pages.example.org/dark")
    assert [link.strength for link in links_between(tip(1, party(page)), tip(2, party(page)))] == ["medium"]


def test_a_value_above_its_cap_gives_no_link_at_all() -> None:
    cap = RULES.types["email"].tip_count_max
    contents = [tip(number, party(email())) for number in range(1, cap + 2)]
    assert len(links_between(*contents[:-1])) == cap - 1
    assert links_between(*contents) == ()


@pytest.mark.parametrize(
    ("reliability", "strength"), [(0.95, "strong"), (0.6, "medium"), (0.2, "weak"), (EVIDENCE_MIN - 0.01, None)]
)
def test_a_link_is_as_strong_as_its_value_is_reliable_now(reliability: float, strength: str | None) -> None:
    held = holdings_in(*(tip(number, party(email("a.b@gmail.com"))) for number in (1, 2)))
    worth = {held[0].key: Worth(2, reliability)}
    found = links_among(held, worth)
    assert [link.strength for link in found] == ([strength] if strength else [])


def test_a_value_that_says_nothing_now_links_nothing() -> None:
    held = holdings_in(tip(1, party(email())), tip(2, party(email())))
    assert links_among(held, {}) == ()


@pytest.mark.parametrize(("judged", "strength"), [("same", "strong"), ("different", "weak"), ("unsure", "weak")])
def test_a_judged_pair_is_listed_even_when_it_shares_nothing(judged: Judged, strength: str) -> None:
    (link,) = links_between(tip(1), tip(2), judged=judged)
    assert (link.tip_id, link.judgement, link.strength, link.evidence) == (uid(2), judged, strength, ())


def test_a_sentence_never_holds_the_value() -> None:
    values = ("night.owl@example.org", "nightowl", "Elm", "203.0.113.9")
    said = party(
        email(values[0]),
        GivenIdentifier("username", values[1], service="chatB"),
        network(port=51_000),
        home=Address(line="12 Elm Street", city="Springfield"),
    )
    (link,) = links_between(tip(1, said), tip(2, said))
    assert len(link.evidence) == 7
    assert not [each.detail for each in link.evidence for value in values if value.lower() in each.detail.lower()]


@given(st.randoms(use_true_random=False))
def test_no_order_of_holdings_changes_the_links(chance: Random) -> None:
    held = holdings_in(*(tip(number, party(email(), email(f"{number}@example.org"))) for number in range(1, 5)))
    worth = worth_of(held)
    forward = links_among(held, worth)
    chance.shuffle(held)
    assert links_among(held, worth) == forward
    assert len(forward) == 3
