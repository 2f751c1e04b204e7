"""Invented passenger lists in the shapes that airlines send."""

from collections.abc import Sequence

DEPARTS, TODAY_YEAR = "2603031040", 2026


def a_traveller(
    surname: str = "LOPEZ",
    given: str = "ANA:MARIA",
    *,
    born: str = "800203",
    document: str = "X1234567",
    kind: str = "FL",
) -> list[str]:
    """Return the segments of one traveller."""
    return [
        f"NAD+{kind}+++{surname}:{given}+12 OAK STREET+SPRINGFIELD+IL+62701+USA",
        "ATT+2++F",
        f"DTM+329:{born}",
        "LOC+178+BKK",
        "LOC+179+IAD",
        "LOC+174+USA",
        "NAT+2+USA",
        "RFF+AVF:ABC123",
        f"DOC+P:110:111+{document}",
        "DTM+36:301021",
        "LOC+91+USA",
    ]


def a_message(
    *travellers: Sequence[str], flight: str = "XY0123", departs: str = DEPARTS, count: int | None = None
) -> list[str]:
    """Return the segments of one PAXLST message, UNT and all."""
    body = [
        "UNH+PAX001+PAXLST:D:02B:UN:IATA+API+01:F",
        "BGM+745",
        "NAD+MS+++APIS DESK",
        "COM+2025550143:TE+2025550144:FX",
        f"TDT+20+{flight}+++XY",
        "LOC+125+BKK",
        f"DTM+189:{departs}:201",
        "LOC+87+IAD",
        "DTM+232:2603041310:201",
        *(segment for traveller in travellers for segment in traveller),
        f"CNT+42:{len(travellers) if count is None else count}",
    ]
    return [*body, f"UNT+{len(body) + 1}+PAX001"]


def an_interchange(*messages: Sequence[str], syntax: str = "UNOA", group: bool = True) -> list[str]:
    """Return the segments of an interchange, with a group as the APIS messages have."""
    inner = [segment for message in messages for segment in message]
    if group:
        inner = ["UNG+PAXLST+XYDESK+USCSAPIS+260301:0900+1+UN+D:02B", *inner, f"UNE+{len(messages)}+1"]
    count = 1 if group else len(messages)
    return [f"UNB+{syntax}:4+XYDESK+USCSAPIS+260301:0900+000000001++APIS", *inner, f"UNZ+{count}+000000001"]


def written(segments: Sequence[str], *, una: str = "UNA:+.? '", end: str = "'\n") -> bytes:
    """Return segments as they travel."""
    return (una + "\n" + "".join(segment + end for segment in segments)).encode()
