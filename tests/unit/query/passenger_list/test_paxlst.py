"""What is read of a passenger list in EDIFACT, and what of it is refused with its place."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.query.domain.manifest import Manifest
from services.query.domain.passenger_list.edifact import PARTS_MAX, SEGMENT_CHARS_MAX, SEGMENTS_MAX, read_segments
from services.query.domain.passenger_list.paxlst import PASSENGERS_MAX, REMARKS_MAX, read_paxlst
from services.query.domain.passenger_list.traveller import VALUES_MAX
from services.query.http.manifests import MANIFEST_BYTES_MAX
from shared.errors import Rejected
from tests.depth import IS_LONG, deep
from tests.unit.query.passenger_list.lists import a_message, a_traveller, an_interchange, written

TODAY = date(2026, 3, 1)
ANA, JOHN = a_traveller(), a_traveller("DOE", "JOHN", born="560423")
WHOLE = written(an_interchange(a_message(ANA, JOHN)))
BARE = written(an_interchange(a_message(ANA, JOHN)), una="")


def read(raw: bytes) -> Manifest:
    return read_paxlst(raw, today=TODAY)


def refusal(raw: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read(raw)
    return caught.value


def place(raw: bytes) -> tuple[str | int, ...]:
    return refusal(raw).errors[0].loc


def born(digits: str) -> str | None:
    [passenger] = read(written(an_interchange(a_message(a_traveller(born=digits))))).passengers
    return passenger.asked.birth_date if passenger.asked else None


def test_a_list_tells_its_flight_its_departure_and_its_travellers() -> None:
    manifest = read(WHOLE)
    assert (manifest.format, manifest.flight, manifest.remarks) == ("edifact", "XY123", ())
    assert manifest.departure.given == "2026-03-03T10:40"
    assert manifest.departure.latest == datetime(2026, 3, 3, 22, 40, tzinfo=UTC), "a local time ends at the latest zone"
    ana, john = manifest.passengers
    assert ana.asked is not None
    assert (ana.asked.name, ana.asked.birth_date, ana.asked.documents) == (
        "LOPEZ ANA MARIA",
        "1980-02-03",
        ("X1234567",),
    )
    assert (ana.traveller_ref, ana.kind, ana.remarks) == ("1", "passenger", ())
    assert john.asked is not None
    assert john.asked.birth_date == "1956-04-23"


@pytest.mark.parametrize(
    "raw",
    [
        WHOLE,
        WHOLE.replace(b"\n", b"\r\n"),
        WHOLE.replace(b"\n", b""),
        BARE.replace(b"'\n", b" ' \r\n "),
        BARE.replace(b"+", b" + ").replace(b":", b" : "),
        written(an_interchange(a_message(ANA, JOHN), group=False)),
        written(a_message(ANA, JOHN)),
        BARE,
        WHOLE.replace(b"PAXLST:D:02B", b"CUSRES:D:02B"),
        written(an_interchange(a_message(ANA), a_message(JOHN))),
        written(an_interchange(a_message(ANA))) + written(an_interchange(a_message(JOHN))),
        WHOLE[:600] + b"\r\n" + WHOLE[600:],
        b"'\r\n' " + WHOLE.replace(b"'\n", b"''\n'"),
        b" " + WHOLE.replace(b"UNA:+.? '", b"UNA:+.?*'").replace(b"'\n", b"'\n "),
        WHOLE + b"01Mar26\n",
    ],
    ids=["plain", "CRLF", "one line", "blanks at ends", "blanks everywhere", "no group", "no envelope", "no UNA",
         "CUSRES", "two messages", "two interchanges", "a line broken anywhere", "empty segments", "blanks before all",
         "a word behind the last"],
)  # fmt: skip
def test_every_shape_that_airlines_send_is_read(raw: bytes) -> None:
    names = [passenger.asked.name for passenger in read(raw).passengers if passenger.asked]
    assert names == ["LOPEZ ANA MARIA", "DOE JOHN"]


def test_own_separators_and_released_signs_are_understood() -> None:
    segments = an_interchange(a_message(a_traveller("O?'NEILL?+SONS", "ANA??")))
    [passenger] = read(written(segments)).passengers
    assert passenger.asked is not None
    assert passenger.asked.name is None, "a question mark is a wildcard in a look-up"
    [passenger] = read(written(an_interchange(a_message(a_traveller("O?'NEILL", "ANA"))))).passengers
    assert passenger.asked is not None
    assert passenger.asked.name == "O'NEILL ANA"
    own = b"".join(
        s.replace("+", "|").replace(":", ";").encode() + b"~" for s in an_interchange(a_message(a_traveller()))
    )
    assert (
        read(b"UNA;|.! ~" + own).passengers[0].asked
        == read(written(an_interchange(a_message(a_traveller())))).passengers[0].asked
    )


@pytest.mark.parametrize(
    ("digits", "date_"),
    [
        ("560423", "1956-04-23"),
        ("260301", "2026-03-01"),
        ("260302", "1926-03-02"),
        ("19560423", "1956-04-23"),
        ("20560423", None),
        ("561323", None),
        ("5604", None),
        ("5604A3", None),
    ],
)
def test_two_digits_of_a_year_are_the_newest_that_is_not_to_come(digits: str, date_: str | None) -> None:
    assert born(digits) == date_


def test_what_is_wrong_with_one_traveller_is_remarked_and_the_others_are_read() -> None:
    manifest = read(written(an_interchange(a_message(a_traveller(born="991399"), a_traveller("X", ""), a_traveller()))))
    first, second, third = manifest.passengers
    assert first.asked is not None
    assert first.asked.birth_date is None
    assert "birth date of segment 14" in first.remarks[0]
    assert second.asked is not None, "the document can be looked for"
    assert second.asked.name is None
    assert second.remarks[0].startswith("name was left out")
    assert third.remarks == ()


def test_of_several_legs_the_one_across_the_border_names_the_flight_and_the_last_departs_last() -> None:
    before = ["TDT+20+XY500+++XY", "LOC+92+CNX", "DTM+189:2603030600:201", "LOC+92+BKK", "DTM+232:2603030700:201"]
    onward = ["TDT+20+XY600+++XY", "LOC+92+IAD", "DTM+189:2603050100:201"]

    def several(message: list[str]) -> Manifest:
        whole = [*message[:4], *before, *message[4:9], *onward, *message[9:-1]]
        return read(written(an_interchange([*whole, f"UNT+{len(whole) + 1}+PAX001"])))

    manifest = several(a_message(ANA))
    assert (manifest.flight, manifest.departure.given) == ("XY123", "2026-03-05T01:00")
    assert several([s.replace("LOC+125", "LOC+92") for s in a_message(ANA)]).flight == "XY500", "else the first"


def test_what_is_said_of_another_party_is_not_told_of_the_traveller_before() -> None:
    for other in ("ZZZ", ""):
        manifest = read(written(an_interchange(a_message(ANA, a_traveller("DOE", "JOHN", born="560423", kind=other)))))
        ana, john = manifest.passengers
        assert ana == read(WHOLE).passengers[0]
        assert john.asked is not None, "whoever stands among the travellers is looked for"
        assert (john.kind, john.asked.name, john.asked.birth_date) == ("unknown", "DOE JOHN", "1956-04-23")
        assert "kind that is not known" in john.remarks[0]
    sender = [*a_message(ANA)[:-2], "NAD+MS+++APIS DESK", "COM+12025550143:TE", "CNT+42:1", "UNT+24+PAX001"]
    assert read(written(an_interchange(sender))).passengers == (ana,)


@pytest.mark.parametrize(
    ("departs", "latest"), [("2603032230", "2026-03-03T22:30"), ("2603030100", "2026-03-03T10:40")]
)
def test_messages_of_one_flight_may_give_it_another_time_of_departure(departs: str, latest: str) -> None:
    manifest = read(written(an_interchange(a_message(ANA), a_message(JOHN, departs=departs))))
    assert (len(manifest.passengers), manifest.departure.given) == (2, latest)


@pytest.mark.parametrize(
    ("given", "called"),
    [
        (("A1", "B2"), ("A1", "B2")),
        (("A1", ""), ("A1", "2")),
        (("A1", "A1"), ("A1", "2")),
        (("2", ""), ("2", "2.")),
        (("3.", "3", "3"), ("3.", "3", "3..")),
        (("A" * 65, "A\x07"), ("1", "2")),
    ],
)
def test_references_differ_and_are_those_of_the_list_where_they_can_be(
    given: Sequence[str], called: Sequence[str]
) -> None:
    travellers = [[*ANA, f"RFF+ABO:{reference}"] for reference in given]
    passengers = read(written(an_interchange(a_message(*travellers)))).passengers
    assert tuple(passenger.traveller_ref for passenger in passengers) == called


def test_there_is_an_end_to_remarks() -> None:
    many = [*a_traveller(), *[f"DTM+329:x{number}" for number in range(100_000)]]
    [passenger] = read(written(an_interchange(a_message(many), *[a_message(count=9)] * 50))).passengers
    assert len(passenger.remarks) == VALUES_MAX
    assert len(read(written(an_interchange(a_message(ANA), *[a_message(count=9)] * 50))).remarks) == REMARKS_MAX


def test_a_wrong_count_of_travellers_is_remarked() -> None:
    manifest = read(written(an_interchange(a_message(a_traveller(), count=136))))
    assert len(manifest.passengers) == 1
    assert manifest.remarks == ("segment 23 counts 136 travellers, and 1 are listed",)


def test_a_wrong_count_of_segments_is_refused_at_its_place() -> None:
    segments = an_interchange(a_message(a_traveller()))
    wrong = [s.replace("UNT+22", "UNT+21") for s in segments]
    assert place(written(wrong)) == ("segment", 24)


@pytest.mark.parametrize(
    ("true", "wrong", "number"),
    [
        ("UNT+33+PAX001", "UNT+33+PAX002", 35),
        ("UNE+1+1", "UNE+3+1", 36),
        ("UNE+1+1", "UNE++1", 36),
        ("UNE+1+1", "UNE+1+2", 36),
        ("UNZ+1+000000001", "UNZ+5+000000001", 37),
        ("UNZ+1+000000001", "UNZ+1+000009", 37),
        ("UNZ+1+000000001", "UNZ+0", 37),
    ],
)
def test_what_contradicts_the_end_of_message_group_or_interchange_is_refused_there(
    true: str, wrong: str, number: int
) -> None:
    segments = an_interchange(a_message(ANA, JOHN))
    assert place(written([wrong if each == true else each for each in segments])) == ("segment", number)


@pytest.mark.parametrize(("number", "loc"), [(2, 35), (36, 36)])
def test_a_group_whose_begin_or_end_is_lost_is_refused(number: int, loc: int) -> None:
    segments = an_interchange(a_message(ANA, JOHN))
    assert place(written([*segments[: number - 1], *segments[number:]])) == ("segment", loc)


def test_a_group_that_is_lost_is_missed_by_the_interchange() -> None:
    first, last = an_interchange(a_message(ANA)), an_interchange(a_message(JOHN))
    whole = [*first[:-1], *last[1:-1], "UNZ+2+000000001"]
    assert len(read(written(whole)).passengers) == 2
    assert place(written([*first[:-1], "UNZ+2+000000001"])) == ("segment", 26)


@pytest.mark.parametrize("end", ["UNZ+1+1", "UNZ+01+000000001", "UNZ+1", "UNZ+1+0000000001"])
def test_a_reference_may_be_left_out_at_the_end_and_have_other_zeros(end: str) -> None:
    assert read(written([*an_interchange(a_message(ANA, JOHN))[:-1], end])) == read(WHOLE)


def test_an_interchange_without_groups_counts_its_messages() -> None:
    segments = an_interchange(a_message(ANA), a_message(JOHN), group=False)
    assert segments[-1].startswith("UNZ+2+")
    assert len(read(written(segments)).passengers) == 2


@pytest.mark.parametrize(
    ("raw", "loc"),
    [
        (b"", ("segment", 1)),
        (b"   \n", ("segment", 1)),
        (b"hello", ("segment", 1)),
        (WHOLE[:500], ("segment", 21)),
        (WHOLE.replace(b"UNZ+1+000000001'\n", b""), ("segment", 36)),
        (written(an_interchange(["UNH+1+PNRGOV:11:1", "UNT+2+1"])), ("segment", 6)),
        (written(an_interchange(a_message(a_traveller()), a_message(a_traveller(), flight="XY9"))), ("segment", 29)),
        (written(an_interchange(a_message(ANA), a_message(ANA, departs="2603041040"))), ("segment", 29)),
        (written(an_interchange(a_message(a_traveller(), flight=""))), ("TDT",)),
        (written(an_interchange(a_message(a_traveller(), flight="XY\x0712"))), ("segment", 7)),
        (written(an_interchange(a_message(a_traveller(), flight="X" * 21))), ("segment", 7)),
        (written(an_interchange(a_message(a_traveller(), departs="26"))), ("segment", 9)),
        (written(an_interchange([s for s in a_message(a_traveller()) if "UNT" in s or "TDT" in s])), ("segment", 4)),
        (b"UNA++.? '" + WHOLE, ("UNA",)),
        (b"UNA:+.? '" * (SEGMENTS_MAX + 1) + WHOLE, ("UNA",)),
        (b"UNB+UNOA:4'UNH+1+PAXLST'NAD+FL+++M\xfcLLER'", ("segment", 3)),
        (b"UNB+UNOY:4'UNH+1+PAXLST'NAD+FL+++M\xfcLLER'", ("segment", 3)),
        ("UNB+UNOY:4'".encode("utf-16"), ("segment", 1)),
        (b"UNH+" + b"A" * (SEGMENT_CHARS_MAX + 1) + b"'", ("segment", 1)),
        (b"UNH" + b"+" * (PARTS_MAX + 1) + b"'", ("segment", 1)),
        (b"UNH+" + b":" * PARTS_MAX + b"'", ("segment", 1)),
        (WHOLE.replace(b"LOPEZ", b"LO\0PEZ"), ("segment", 12)),
        (WHOLE + WHOLE[10:40], ("segment", 38)),
        (b"UNA;|.! ~UNB|UNOA;4~UNH|1|PAXLST~NAD|FL|||M\xfcLLER~", ("segment", 3)),
        (b"UNB+UNOA:4'UNH+1+PAXLST'NAD+FL+++O?'NEILL'NAD+FL+++M\xfcLLER'", ("segment", 4)),
        (written(an_interchange(a_message(*[ANA] * (PASSENGERS_MAX + 1)))), ("segment", 12 + 11 * PASSENGERS_MAX)),
    ],
    ids=["empty", "blank", "no EDIFACT", "cut", "no UNZ", "no list", "two flights", "two days",
         "no flight", "flight not printable", "flight too long", "no departure",
         "UNT without UNH", "same signs", "many signs", "not ASCII", "not UTF-8", "UTF-16", "long", "many elements",
         "many components", "NUL", "cut behind the first", "own signs", "released sign", "too many"],
)  # fmt: skip
def test_what_is_wrong_with_the_whole_is_refused_at_its_place(raw: bytes, loc: tuple[str | int, ...]) -> None:
    assert place(raw) == loc


def test_names_in_the_charset_of_the_head_are_read() -> None:
    segments = an_interchange(a_message(a_traveller("MÜLLER", "JÖRG")), syntax="UNOC")
    raw = written(segments).decode().encode("latin-1")
    [passenger] = read(raw).passengers
    assert passenger.asked is not None
    assert passenger.asked.name == "MÜLLER JÖRG"


def as_long_as_can_be(piece: bytes, *, head: bytes = b"") -> bytes:
    return head + piece * (MANIFEST_BYTES_MAX // len(piece))


OTHER_SIGNS = [chr(code) for code in range(0xA1, 0xC0) if not chr(code).isalnum()]


@pytest.mark.parametrize(
    "raw",
    [
        as_long_as_can_be(b"?"),
        as_long_as_can_be(b"?'"),
        as_long_as_can_be(b"'"),
        as_long_as_can_be(b"\n"),
        as_long_as_can_be(b"UNH+"),
        as_long_as_can_be(b"A", head=b"UNB+UNOA:4'"),
        as_long_as_can_be(b"UNA:+.? '"),
        as_long_as_can_be("".join(f"UNA:+.{a} {b}XX{b}" for a, b in permutations(OTHER_SIGNS, 2)).encode()),
        as_long_as_can_be(b"?" * 4_000 + b"'"),
        as_long_as_can_be(b"XXX+" + b"?'" * 2_040 + b"'"),
        as_long_as_can_be(b"XXX+" + b"?:" * 2_040 + b"'", head=b"UNH+1+PAXLST'"),
        as_long_as_can_be(b"XXX+" + b":" * 90 + b"'", head=b"UNH+1+PAXLST'"),
        as_long_as_can_be(b"XX'"),
        as_long_as_can_be(b"UNH+1+PAXLST'UNT+2'"),
        as_long_as_can_be(b"NAD+FL+++A:B'", head=b"UNH+1+PAXLST'"),
        as_long_as_can_be(b"DTM+329:9'", head=b"UNH+1+PAXLST'" + b"NAD+FL+++A:B'" * PASSENGERS_MAX),
    ],
    ids=["released for ever", "released ends", "empty segments", "lines", "no end", "one long", "UNA again",
         "other signs each time", "runs", "released ends within", "released components", "components", "short segments",
         "messages", "people", "details"],
)  # fmt: skip
def test_a_hostile_list_is_answered_in_time(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Rejected):
        read(raw)
    assert time.process_time() - started < 2.0


def test_there_is_an_end_to_segments() -> None:
    assert place(b"XX'" * (SEGMENTS_MAX + 1)) == ("segment", SEGMENTS_MAX + 1)


@settings(max_examples=100_000 if IS_LONG else 1_000, deadline=1_000)
@given(st.binary(max_size=2_000) | st.text("UNABHTZDSPXL+:'? 0123456789\n", max_size=2_000).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        segments = list(read_segments(raw))
    except Rejected as error:
        assert error.errors
    else:
        assert [segment.number for segment in segments] == list(range(1, len(segments) + 1))


@settings(max_examples=deep(1_000))
@given(st.randoms(use_true_random=False))
def test_a_damaged_list_is_read_or_refused_at_a_place(chance: random.Random) -> None:
    raw = bytearray(WHOLE)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(raw))
        match chance.randrange(4):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                del raw[at:]
                break
            case 2:
                del raw[at : at + chance.randint(1, 60)]
            case _:
                raw[at:at] = raw[at : at + chance.randint(1, 60)]
    try:
        manifest = read(bytes(raw))
    except Rejected as error:
        assert error.errors
    else:
        assert manifest.flight


@pytest.mark.parametrize("number", range(4, 35))
def test_a_segment_of_a_message_that_comes_twice_or_is_lost_is_refused_at_the_count(number: int) -> None:
    segments, counting = an_interchange(a_message(ANA, JOHN)), 35
    twice = [*segments[:number], segments[number - 1], *segments[number:]]
    lost = [*segments[: number - 1], *segments[number:]]
    assert place(written(twice)) == ("segment", counting + 1)
    assert place(written(lost)) == ("segment", counting - 1)


SIGNS = st.lists(st.characters(categories=("P", "S")), min_size=4, max_size=4, unique=True)
NAMES = st.tuples(*[st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)] * 2)


@given(st.lists(NAMES, min_size=1, max_size=4), SIGNS)
def test_a_list_that_was_written_reads_back_whatever_its_signs_are(
    names: list[tuple[str, str]], signs: list[str]
) -> None:
    component, element, release, terminator = signs
    released = {ord(sign): release + sign for sign in signs}

    def segment(*elements: Sequence[str]) -> str:
        return element.join(component.join(part.translate(released) for part in each) for each in elements) + terminator

    segments = [segment(("UNB",), ("UNOY", "4")), *(segment(("NAD",), ("FL",), (), (), name) for name in names)]
    raw = f"UNA{component}{element}.{release} {terminator}{''.join(segments)}".encode()
    assert [read.elements[3] for read in read_segments(raw) if read.tag == "NAD"] == names


@given(st.integers(0, len(WHOLE) - 3))
def test_a_list_cut_anywhere_is_refused(at: int) -> None:
    assert refusal(WHOLE[:at]).errors
