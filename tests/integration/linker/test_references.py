"""Reports that a source names as related to its own: linked to it, whichever came first, and to no namesake."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import pytest

from services.linker.domain.model import ANY, Learned, Model
from services.linker.domain.references import References
from services.linker.domain.rules import RULES
from services.linker.store import references
from shared.db.pool import Connection
from shared.events.intake import TipReceivedV1
from tests.fakes import FakeClock
from tests.integration.linker.graph import Graph, a_review, a_tip, amended, email


def a_report(source: str, ref: str, *related: str, name: str | None = None) -> TipReceivedV1:
    """Return a report that names others, and nobody unless it says so."""
    return a_tip(ref, source=source, names=[name] if name else [], related_refs=list(related))


async def links_of(graph: Graph, tip: TipReceivedV1) -> list[tuple[str, str, str]]:
    """Return to whom a tip is linked by what it or another names: the other's reference, how strongly, and why."""
    rows = await graph.pool.fetch("SELECT tip_id, source, source_ref FROM tip")
    names = {row["tip_id"]: f"{row['source']} {row['source_ref']}" for row in rows}
    return [
        (names[link.tip_id], link.strength, evidence.detail)
        for link in await graph.links(tip.tip_id)
        for evidence in link.evidence
        if evidence.type == "reference"
    ]


@pytest.mark.parametrize("is_first", [True, False], ids=["named first", "naming first"])
async def test_a_report_is_linked_to_one_that_names_it_whichever_came_first(graph: Graph, is_first: bool) -> None:
    named, naming = a_report("ncmec", "CT-1"), a_report("ncmec", "CT-2", "CT-1")
    for tip in (named, naming) if is_first else (naming, named):
        await graph.tell(tip)
    reason = "same reference to a report, seen in 2 tips"
    assert await links_of(graph, named) == [("ncmec CT-2", "medium", reason)]
    assert await links_of(graph, naming) == [("ncmec CT-1", "medium", reason)]
    told = [event["payload"]["links"] for event in await graph.events("tip.linked")]
    assert {link["tip_id"] for links in told for link in links} == {str(named.tip_id), str(naming.tip_id)}


async def test_reports_of_sources_that_number_alike_are_not_linked(graph: Graph) -> None:
    one, other = a_report("ncmec", "1"), a_report("police", "1")
    await graph.tell(one, other, a_report("hotline", "2", "1"))
    assert await links_of(graph, one) == []
    assert await links_of(graph, other) == []


@pytest.mark.parametrize("is_last", [True, False], ids=["namesake last", "namesake first"])
async def test_a_source_names_its_own_report_before_anothers(graph: Graph, is_last: bool) -> None:
    naming, other, own = a_report("ncmec", "CT-2", "1"), a_report("police", "1"), a_report("ncmec", "1")
    await graph.tell(naming)
    for tip in (other, own) if is_last else (own, other):
        await graph.tell(tip)
    assert [name for name, *_ in await links_of(graph, naming)] == ["ncmec 1"]
    assert await links_of(graph, other) == []


async def test_a_link_is_gone_when_another_source_numbers_alike_and_either_may_be_meant(graph: Graph) -> None:
    naming, meant = a_report("hotline", "2", "1"), a_report("ncmec", "1")
    await graph.tell(naming, meant)
    assert [name for name, *_ in await links_of(graph, naming)] == ["ncmec 1"]
    await graph.tell(a_report("police", "1"))
    assert await links_of(graph, naming) == []
    assert await links_of(graph, meant) == []


async def test_reports_that_name_the_same_are_linked_though_it_never_came(graph: Graph) -> None:
    one, other = a_report("ncmec", "CT-2", "CT-1"), a_report("ncmec", "CT-3", "CT-1")
    await graph.tell(one, other)
    assert [name for name, *_ in await links_of(graph, one)] == ["ncmec CT-3"]


async def test_two_that_name_the_same_stay_linked_however_many_sources_number_alike(graph: Graph) -> None:
    one, other = a_report("hotline", "8", "1"), a_report("hotline", "9", "1")
    await graph.tell(one, other)
    for source, linked in (("ncmec", ["hotline 9", "ncmec 1"]), ("police", ["hotline 9"])):
        await graph.tell(a_report(source, "1"))
        assert sorted(name for name, *_ in await links_of(graph, one)) == linked


async def test_a_report_that_names_another_no_longer_is_not_linked_to_it_any_more(graph: Graph) -> None:
    named, naming = a_report("ncmec", "CT-1"), a_report("ncmec", "CT-2", "CT-1")
    await graph.tell(named, naming)
    await graph.tell(amended(naming, names=[]))
    assert await links_of(graph, named) == []
    assert await graph.pool.fetchval("SELECT count(*) FROM holding") == 0


async def test_who_names_a_report_is_not_read_again_whenever_that_is_amended(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands may name one."""
    read: list[set[UUID]] = []
    load = references.load_references

    async def noted(transaction: Connection, tip_ids: Collection[UUID]) -> dict[UUID, References]:
        read.append(set(tip_ids))
        return await load(transaction, tip_ids)

    monkeypatch.setattr(references, "load_references", noted)
    named, naming = a_report("ncmec", "CT-1"), a_report("ncmec", "CT-2", "CT-1")
    for tip in (naming, named, amended(named, email("dark@example.org"), names=[])):
        await graph.tell(tip)
    assert read == [{naming.tip_id}, {naming.tip_id, named.tip_id}, {named.tip_id}]
    assert [name for name, *_ in await links_of(graph, named)] == ["ncmec CT-2"]


async def test_a_lead_that_only_a_named_report_joins_waits_for_a_person(graph: Graph) -> None:
    await graph.believe(Model(Learned(kinds=((("reference", ANY, ANY, ANY), 0.97, 0.3),)), graph.rules))
    await graph.tell(one := a_report("ncmec", "CT-1"), a_report("ncmec", "CT-2", "CT-1"), a_review(one.tip_id))
    (lead,) = await graph.live_leads()
    assert (lead["state"], lead["held_by"]) == ("held", {"reason": "weak_bridge", "identifier": "reference"})


async def test_a_named_report_is_no_identifier_that_two_agencies_are_after(graph: Graph) -> None:
    police = a_tip("1", names=[], source="police", source_kind="local_law_enforcement")
    naming = a_tip("2", names=[], source="border", source_kind="foreign_law_enforcement", related_refs=["1"])
    await graph.tell(police, naming)
    assert await links_of(graph, police)
    assert await graph.events("notice.raised") == []


async def test_who_are_after_one_mailbox_are_not_told_again_when_somebody_names_a_report_of_theirs(
    graph: Graph, clock: FakeClock
) -> None:
    mailbox = email("dark.rider@example.org")
    await graph.tell(
        a_tip("1", mailbox, source="police", source_kind="local_law_enforcement"),
        a_tip("2", mailbox, source="border", source_kind="foreign_law_enforcement"),
    )
    assert len(await graph.events("notice.raised")) == 1
    clock.move(timedelta(days=1000))
    await graph.tell(a_report("hotline", "3", "1"))
    assert len(await graph.events("notice.raised")) == 1


async def test_what_is_named_is_read_again_by_other_rules(graph: Graph, clock: FakeClock) -> None:
    named, naming = a_report("ncmec", "CT-1"), a_tip("CT-2", email("dark@example.org"), related_refs=["CT-1"])
    await graph.tell(named, naming)
    before = await links_of(graph, naming)
    later = Graph(graph.pool, clock, RULES.with_lists(RULES.lists))
    await later.relink()
    assert await links_of(later, naming) == before != []
