"""What a tip holds, who may link by it, and what an analyst is told about a link."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.linker.domain.cluster import Judged, Judgement, newest_judgements
from services.linker.domain.evidence import Holding, Key, holdings_of, joining_keys, key_stats
from services.linker.domain.facts import File, GivenIdentifier, Party, Research, Role, TipContent, Urgency
from services.linker.domain.links import Link, links_of
from services.linker.domain.rules import FOUNDATION, KeyStat

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HASH = "ab" * 32


def uid(number: int) -> UUID:
    return UUID(f"01950000-0000-7000-8000-{number:012x}")


def email(value: str = "dark@example.org") -> GivenIdentifier:
    return GivenIdentifier("email", value)


def party(*identifiers: GivenIdentifier, role: Role = "subject") -> Party:
    return Party(uid(900), role, identifiers=identifiers)


def tip(number: int, *parties: Party, files: tuple[File, ...] = (), viral: bool = False) -> TipContent:
    return TipContent(
        uid(number), 1, "ncmec", f"CT-{number}", NOW, "possession",
        urgency=Urgency(viral=viral), parties=parties, files=files,
    )  # fmt: skip


def keys_of(*contents: TipContent) -> dict[Key, frozenset[UUID]]:
    return joining_keys([held for content in contents for held in holdings_of(content)], rules=FOUNDATION)


def links_between(*contents: TipContent, judged: Judged | None = None) -> tuple[Link, ...]:
    """Return the links of the first of the tips."""
    held = [holding for content in contents for holding in holdings_of(content)]
    judgements = [Judgement(uid(800), uid(1), uid(2), judged, NOW)] if judged else []
    return links_of(uid(1), held, stats=key_stats(held), judgements=newest_judgements(judgements), rules=FOUNDATION)


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
    joined = keys_of(tip(1, party(identifier)), tip(2, party(identifier)))
    assert list(joined.values()) == [frozenset({uid(1), uid(2)})]


@pytest.mark.parametrize("hashes", [File(sha256=HASH), File(sha1="ab" * 20), File(md5="ab" * 16)])
def test_two_tips_with_one_file_are_joined_by_it(hashes: File) -> None:
    assert len(keys_of(tip(1, files=(hashes,)), tip(2, files=(hashes,)))) == 1


@pytest.mark.parametrize("role", ["victim", "reporter", "recipient", "witness", "account_victim"])
def test_no_role_but_the_subject_joins_tips(role: Role) -> None:
    other = party(email(), role=role)
    assert keys_of(tip(1, other), tip(2, other)) == {}
    assert keys_of(tip(1, party(email())), tip(2, other)) == {}
    held = holdings_of(tip(1, other))
    assert key_stats(held) == {}
    assert [(holding.links, holding.reason) for holding in held] == [(False, f"a {role.replace('_', ' ')} holds it")]


def test_the_same_name_on_two_services_is_two_values() -> None:
    left = tip(1, party(GivenIdentifier("username", "dark_77", service="socialA")))
    right = tip(2, party(GivenIdentifier("username", "dark_77", service="chatB")))
    assert keys_of(left, right) == {}


def test_a_value_that_never_links_is_kept_with_its_reason() -> None:
    address = GivenIdentifier("ip", "203.0.113.9")
    (held,) = holdings_of(tip(1, party(address)))
    assert not held.links
    assert held.reason
    assert keys_of(tip(1, party(address)), tip(2, party(address))) == {}


def test_a_value_that_does_not_fit_its_type_is_not_held() -> None:
    assert holdings_of(tip(1, party(email("not an address")), files=(File(sha256="12"),))) == ()


def test_a_viral_file_joins_nobody_even_when_only_one_tip_says_so() -> None:
    plain, viral = File(sha256=HASH), File(sha256=HASH, viral=True)
    assert keys_of(tip(1, files=(plain,)), tip(2, files=(plain,)), tip(3, files=(viral,))) == {}
    assert keys_of(tip(1, files=(plain,)), tip(2, files=(plain,)), tip(3, files=(plain,), viral=True)) == {}


def test_a_viral_tip_still_links_by_its_account() -> None:
    assert len(keys_of(tip(1, party(email()), viral=True), tip(2, party(email())))) == 1


def test_research_links_like_the_tip_and_says_where_it_came_from() -> None:
    held = holdings_of(tip(1), [Research(parties=(party(email()),))]) + holdings_of(tip(2, party(email())))
    assert list(joining_keys(held, rules=FOUNDATION).values()) == [frozenset({uid(1), uid(2)})]
    (link,) = links_of(uid(1), held, stats=key_stats(held), judgements={}, rules=FOUNDATION)
    assert link.evidence[0].detail == "same e-mail address, seen in 2 tips, found by research"


def test_a_value_given_twice_is_one_holding_and_one_tip() -> None:
    twice = tip(1, party(email(), replace(email(" DARK@example.org"), verified=True)))
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
    ]
    assert links[0].weight > links[1].weight
    assert {link.rules_version for link in links} == {FOUNDATION.version}


def test_another_spelling_links_with_less_weight_and_says_so() -> None:
    alike = links_between(tip(1, party(email("a.b@gmail.com"))), tip(2, party(email("A.B@gmail.com"))))
    unlike = links_between(tip(1, party(email("a.b@gmail.com"))), tip(2, party(email("ab+x@gmail.com"))))
    assert alike[0].evidence[0].rule == "same_email"
    assert unlike[0].evidence[0].rule == "same_email_canonical"
    assert unlike[0].evidence[0].detail == "same e-mail address after removing dots and +tag, seen in 2 tips"
    assert unlike[0].strength == "strong"
    assert unlike[0].weight < alike[0].weight


def test_a_web_address_is_shown_and_joins_nobody() -> None:
    page = GivenIdentifier("url", "https://pages.example.org/dark")
    contents = tip(1, party(page)), tip(2, party(page))
    assert keys_of(*contents) == {}
    assert [link.strength for link in links_between(*contents)] == ["medium"]


def test_a_value_above_its_cap_gives_no_link_at_all() -> None:
    cap = FOUNDATION.types["email"].tip_count_max
    contents = [tip(number, party(email())) for number in range(1, cap + 2)]
    assert len(links_between(*contents[:-1])) == cap - 1
    assert links_between(*contents) == ()


@pytest.mark.parametrize(("judged", "strength"), [("same", "strong"), ("different", "weak"), ("unsure", "weak")])
def test_a_judged_pair_is_listed_even_when_it_shares_nothing(judged: Judged, strength: str) -> None:
    (link,) = links_between(tip(1), tip(2), judged=judged)
    assert (link.tip_id, link.judgement, link.strength, link.evidence) == (uid(2), judged, strength, ())


def test_no_order_of_holdings_changes_the_links() -> None:
    held: list[Holding] = [
        holding
        for number in range(1, 5)
        for holding in holdings_of(tip(number, party(email(), email(f"{number}@example.org"))))
    ]
    stats = key_stats(held)
    forward = links_of(uid(1), held, stats=stats, judgements={}, rules=FOUNDATION)
    assert forward == links_of(uid(1), held[::-1], stats=stats, judgements={}, rules=FOUNDATION)
    assert len(forward) == 3
