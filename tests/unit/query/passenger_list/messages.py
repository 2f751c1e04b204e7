"""Invented PAXLST messages, of the shapes that airlines' systems send."""

from collections.abc import Sequence

HEAD = ("UNB+UNOA:4+ZZAIR+USADHS+270301:0545+1++APIS", "UNG+PAXLST+ZZ AIRLINES+USADHS+270301:0545+1+UN+D:05B")
FLIGHT = ("TDT+20+ZZ0123+++ZZ", "LOC+125+FRA", "DTM+189:2703031040:201", "LOC+87+IAD", "DTM+232:2703031910:201")
ANA = (
    "NAD+FL+++LOPEZ:ANA:MARIA+1 SOME STREET+SOMETOWN+++USA",
    "ATT+2++F",
    "DTM+329:800203",
    "LOC+178+FRA",
    "NAT+2+USA",
    "RFF+AVF:QQQQ1",
    "RFF+ABO:UU17",
    "DOC+P:110:111+X1234567",
    "DTM+36:301230",
    "LOC+91+USA",
)
BO = ("NAD+FL+++LI:BO", "DTM+329:19791101", "DOC+P:110:111+Y7654321")


def a_message(*body: str, kind: str = "745", count: int | None = None) -> list[str]:
    """Return a message's segments; `count` is what UNT says, else what is right."""
    inner = ["UNH+1+PAXLST:D:05B:UN:IATA", f"BGM+{kind}", "NAD+MS+++THE SENDER", "COM+703-555-1212:TE", *body]
    return [*inner, f"UNT+{count or len(inner) + 1}+1"]


def a_file(*messages: Sequence[str], end: str = "'", una: str = "", head: Sequence[str] = HEAD) -> bytes:
    """Return an interchange of messages."""
    segments = [*head, *(segment for message in messages for segment in message), "UNE+1+1", "UNZ+1+1"]
    return (una + "".join(segment + end for segment in segments)).encode("latin-1")


def a_list(*people: Sequence[str], flight: Sequence[str] = FLIGHT, **fields: object) -> bytes:
    """Return a file of one message."""
    return a_file(a_message(*flight, *(segment for person in people for segment in person), f"CNT+42:{len(people)}"))
