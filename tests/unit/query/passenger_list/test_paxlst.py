"""PAXLST as it is sent, and as it should not be: read, or refused with the number of a segment."""

import random
import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.domain.passenger_list import PASSENGERS_MAX, PassengerList, read_paxlst
from services.query.domain.passenger_list.edifact import SEGMENTS_MAX
from shared.errors import Rejected
from tests.depth import deep
from tests.unit.query.passenger_list.messages import ANA, BO, FLIGHT, HEAD, a_file, a_list, a_message

TODAY = date(2027, 3, 1)


def read(raw: bytes) -> PassengerList:
    return read_paxlst(raw, today=TODAY)


def refused(raw: bytes) -> tuple[int, str]:
    """Return which segment a file is refused for, and why."""
    with pytest.raises(Rejected) as caught:
        read(raw)
    [error] = caught.value.errors
    name, number = error.loc
    assert name == "segment"
    return int(number), error.msg


def test_a_list_is_read_with_its_flight_and_people() -> None:
    found = read(a_list(ANA, BO))
    assert (found.flight, found.departs_at, found.departs_last) == ("ZZ123", "2027-03-03T10:40", "2027-03-03T10:40")
    ana, bo = found.passengers
    assert (ana.ref, ana.name, ana.birth_date, ana.documents) == (
        "UU17",
        "LOPEZ ANA MARIA",
        "1980-02-03",
        ("X1234567",),
    )
    assert (bo.ref, bo.name, bo.birth_date, bo.documents) == ("2", "LI BO", "1979-11-01", ("Y7654321",))
    assert (ana.remarks, bo.remarks, found.remarks) == ((), (), ())


OTHER_SEPARATORS = bytes.maketrans(b"+'", b"*$")


@pytest.mark.parametrize(
    "raw",
    [
        a_file(a_message(*FLIGHT, *ANA, *BO), una="UNA:+.? '"),
        a_file(a_message(*FLIGHT, *ANA, *BO), una=" UNA:+.? '\r\n ", end="'\r\n "),
        a_file(a_message(*FLIGHT, *ANA, *BO))
        .replace(b"+", b"*")
        .replace(b"'", b"$")
        .replace(b"UNB", b"UNA:*.? $\nUNB", 1),
        a_file(a_message(*FLIGHT, *ANA, *BO)).replace(b"UNG+", b"UNG +").replace(b"NAD+FL", b"NAD + FL "),
        a_file(a_message(*FLIGHT, *ANA, *BO), head=HEAD[:1]),
        a_file(a_message(*FLIGHT, *ANA), a_message(*FLIGHT, *BO)),
        a_file(a_message(*FLIGHT, *ANA)) + b"\n" + a_file(a_message(*FLIGHT, *BO), una="UNA:+.? '"),
        a_file(a_message(*FLIGHT, "XYZ+unknown", *ANA, "FTX+AAA", *BO, "GEI+4+ZZZ")),
        b"\r\n".join(a_list(ANA, BO)[at : at + 80] for at in range(0, len(a_list(ANA, BO)), 80)),
    ],
    ids=["una", "line ends", "separators", "blanks", "no group", "messages", "interchanges", "unknown", "wrapped"],
)
def test_shapes_that_are_sent_are_read_alike(raw: bytes) -> None:
    assert [person.name for person in read(raw).passengers] == ["LOPEZ ANA MARIA", "LI BO"]


def test_released_separators_are_part_of_a_value() -> None:
    odd = a_file(a_message(*FLIGHT, "NAD+FL+++O?'HARA?+SON?:X:ANA?? ?A"))
    assert read(odd).passengers[0].name == "O'HARA+SON:X ANA? A"


def test_crew_and_transit_passengers_are_kept_with_their_kind() -> None:
    people = [f"NAD+{code}+++SURNAME:GIVEN" for code in ("FL", "FM", "DDU", "DDT")]
    kinds = [person.kind for person in read(a_file(a_message(*FLIGHT, *people))).passengers]
    assert kinds == ["passenger", "crew", "transit_passenger", "transit_crew"]


def test_of_several_legs_the_one_across_the_border_names_the_flight() -> None:
    first = ("TDT+20+ZZ500+++ZZ", "LOC+92+MUC", "DTM+189:2703030600:201", "LOC+92+FRA", "DTM+232:2703030700:201")
    onward = ("TDT+20+ZZ600+++ZZ", "LOC+92+IAD", "DTM+189:2703040100:201")
    found = read(a_list(ANA, flight=[*first, *FLIGHT, *onward]))
    assert (found.flight, found.departs_at, found.departs_last) == ("ZZ123", "2027-03-03T10:40", "2027-03-04T01:00")
    assert read(a_list(ANA, flight=first)).flight == "ZZ500", "else the first"


@pytest.mark.parametrize(
    ("given", "born"),
    [
        ("800203", "1980-02-03"),
        ("270301", "2027-03-01"),
        ("270302", "1927-03-02"),
        ("19170301", "1917-03-01"),
        ("560400", "1956-04"),
        ("560000", "1956"),
        ("19160301", None),
        ("20270302", None),
        ("800231", None),
        ("801301", None),
        ("8002", None),
        ("soon", None),
    ],
)
def test_of_a_short_year_the_newest_is_meant_that_is_not_in_the_future(given: str, born: str | None) -> None:
    [person] = read(a_list(("NAD+FL+++LI:BO", f"DTM+329:{given}"))).passengers
    assert person.birth_date == born
    assert len(person.remarks) == (born is None)


def test_what_cannot_be_read_of_a_person_is_remarked_and_what_cnt_counts_too() -> None:
    found = read(a_file(a_message(*FLIGHT, "NAD+FL", "DTM+329:x", *BO, "CNT+42:136", "CNT+41+0")))
    assert [len(person.remarks) for person in found.passengers] == [2, 0]
    assert found.remarks == ("segment 17: counts other people than the 2 there are",)


def test_references_of_a_list_differ() -> None:
    people = [("NAD+FL+++LI:BO", f"RFF+ABO:{ref}") for ref in ("2", "", "2", "X")]
    refs = [person.ref for person in read(a_list(*people)).passengers]
    assert refs == ["2", "2#2", "2#3", "X"]


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"", 1),
        (b"HELLO", 1),
        (b"UNH+1+PAXLST'UNT+2+1'", 1),
        (b"UNA:+.?", 1),
        (b"UNA:::::::UNB", 1),
        (a_file(a_message(*FLIGHT, *ANA, count=99)), 22),
        (a_file(a_message(*FLIGHT, *ANA)).replace(b"UNT+20", b"UNT+x"), 22),
        (a_file(a_message("TDT+20+ZZ1", *ANA)), 7),
        (a_list(ANA).replace(b"2703031040", b"2713031040"), 7),
        (a_file(a_message(*ANA)), 19),
        (a_file(a_message(*FLIGHT)), 14),
        (a_file(a_message(*FLIGHT, *ANA), a_message("TDT+20+ZZ9", *FLIGHT[1:], *BO)), 27),
        (a_file(["UNH+1+PNRGOV:11:1:IA", "UNT+2+1"]), 3),
        (a_file(a_message(*FLIGHT, *ANA)).replace(b"UNOA", b"UNOZ"), 1),
        (a_file(a_message(*FLIGHT, "NAD+FL+++L\xd3PEZ:ANA")), 12),
        (a_file(a_message(*FLIGHT, "NAD+FL+++L\xd3PEZ:ANA")).replace(b"UNOA", b"UNOY"), 12),
        (a_file(a_message(*FLIGHT, "1234+5")), 12),
        (a_list(ANA).replace(b"UNZ+1+1'", b""), 25),
        (a_list(ANA).replace(b"UNT+21+1'", b""), 24),
        (a_list(ANA) + b"UNT+1+1'", 0),
        (a_list(*[("NAD+FL+++LI:BO",)] * (PASSENGERS_MAX + 1)), 12 + PASSENGERS_MAX),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_segment(raw: bytes, place: int) -> None:
    if place:
        assert refused(raw)[0] == place
    else:
        assert len(read(raw).remarks) == 1, "what stands behind the end is left out"


def test_letters_are_read_by_the_character_set_that_is_named() -> None:
    raw = a_file(a_message(*FLIGHT, "NAD+FL+++L\xd3PEZ:ANA"))
    assert read(raw.replace(b"UNOA", b"UNOC")).passengers[0].name == "LÓPEZ ANA"
    utf8 = raw.replace(b"UNOA", b"UNOY").replace(b"\xd3", "Ó".encode())
    assert read(utf8).passengers[0].name == "LÓPEZ ANA"


WHOLE = a_list(ANA, BO)


def test_a_file_cut_off_anywhere_is_refused_with_the_segment() -> None:
    for at in range(len(WHOLE) - 1):
        number, _ = refused(WHOLE[:at])
        assert 1 <= number <= WHOLE[:at].count(b"'") + 1, at


@settings(max_examples=deep(300), deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused_with_the_segment(at: int, byte: int) -> None:
    damaged = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    try:
        found = read(damaged)
    except Rejected as error:
        assert [loc[0] for loc in (e.loc for e in error.errors)] == ["segment"]
    else:
        assert found.passengers


PIECES = (
    b"UNA:+.? '", b"UNB+UNOA:4+", b"UNH+1+PAXLST'", b"UNT+2+1'", b"NAD+FL+++", b"DTM+329:", b"DTM+189:", b"UNZ+1+1'",
    b"TDT+20+", b"'", b"+", b":", b"?", b"??'", b" ", b"\r\n", b"A", b"9", b"\xff", b"\x00", b"CNT+42:", b"RFF+ABO:",
)  # fmt: skip


@settings(max_examples=deep(500), deadline=200)
@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)), st.booleans())
def test_any_bytes_are_read_or_refused_with_a_place(raw: bytes, has_head: bool) -> None:
    try:
        read((HEAD[0].encode() + b"'" if has_head else b"") + raw)
    except Rejected as error:
        assert error.errors
        assert all(e.loc[0] == "segment" for e in error.errors)


@pytest.mark.parametrize("seed", range(10))
def test_no_file_that_is_torn_and_stuck_together_crashes_or_takes_long(seed: int) -> None:
    """Ten thousand files, ten times as many in the long run: each is a list with bits cut out, doubled and put in."""
    chance = random.Random(seed)
    for _ in range(deep(1_000)):
        raw = WHOLE
        for _ in range(chance.randrange(1, 6)):
            start, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
            raw = chance.choice(
                (
                    raw[:start] + raw[end:],
                    raw[:end] + raw[start:],
                    raw[:start] + chance.choice(PIECES) + raw[start:],
                    raw[:start] + chance.randbytes(3) + raw[start:],
                )
            )
        started = time.process_time()
        try:
            assert read(raw).passengers
        except Rejected as error:
            assert [e.loc[0] for e in error.errors] == ["segment"]
        assert time.process_time() - started < 0.2


SIZE = 8 * 1024 * 1024
UNB = HEAD[0].encode() + b"'"


@pytest.mark.parametrize(
    "raw",
    [
        b"?" * SIZE,
        UNB + b"?" * SIZE,
        UNB + b"?'" * (SIZE // 2),
        UNB + b"A" * SIZE,
        UNB + b"'" * SIZE,
        UNB + b" " * SIZE + b"X",
        UNB + b"UNA:+.? '" * (SIZE // 9),
        UNB + b"DTM+" + b"+" * SIZE + b"'",
        UNB + b"A+B'" * (SIZE // 4),
        UNB + b"FTX+" + b"?+" * 2_000 + b"'",
        (UNB + b"UNZ+1+1'") * (SIZE // 60),
        a_list(("NAD+FL+++LI:BO", *["DTM+329:x"] * 99_000)),
        a_list(("NAD+FL+++LI:BO", *["DOC+P+X1234567"] * 99_000)),
    ],
)
def test_hostile_files_are_answered_in_two_seconds(raw: bytes) -> None:
    started = time.process_time()
    try:
        [person] = read(raw).passengers
        assert len(person.remarks) + len(person.documents) <= 40
    except Rejected as error:
        assert error.errors[0].loc[0] == "segment"
    assert time.process_time() - started < 2.0


def test_a_file_has_at_most_so_many_segments() -> None:
    number, _ = refused(UNB + b"FTX+A'" * SEGMENTS_MAX)
    assert number == SEGMENTS_MAX + 1
