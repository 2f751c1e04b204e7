"""When something happened: as its event says, but no later than Kafka received it."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.header import EPOCH, MICROSECOND, MILLISECOND
from services.audit.domain.logged import happened_at

TIMES = st.integers(1, 250_000_000_000_000_000).map(lambda since: EPOCH + since * MICROSECOND)
RECEIVED = st.integers(1, 253_000_000_000_000)


def received_at(received_ms: int) -> datetime:
    return EPOCH + received_ms * MILLISECOND


@given(TIMES, RECEIVED)
def test_nothing_happened_later_than_kafka_received_it_or_than_it_says(said: datetime, received_ms: int) -> None:
    at = happened_at(said, received_ms)
    assert at <= said
    assert at < received_at(received_ms) + MILLISECOND
    assert at == said or said >= received_at(received_ms) + MILLISECOND


@given(st.lists(st.tuples(TIMES, RECEIVED), min_size=1), st.data())
def test_the_clock_goes_no_further_than_kafka_whatever_a_producer_says(
    told: list[tuple[datetime, int]], data: st.DataObject
) -> None:
    """One event dated anyhow among others: the latest time is that of the others, or lies before Kafka's own."""
    liar = data.draw(st.integers(0, len(told) - 1))
    others = [happened_at(*each) for place, each in enumerate(told) if place != liar]
    clock = max(happened_at(*each) for each in told)
    assert clock in others or clock < received_at(told[liar][1]) + MILLISECOND
    assert clock < received_at(max(received_ms for _, received_ms in told)) + MILLISECOND


@given(TIMES, st.one_of(st.integers(-(2**63), 0), st.integers(2**61, 2**63 - 1)))
def test_where_kafka_gives_no_time_the_event_is_believed(said: datetime, received_ms: int) -> None:
    assert happened_at(said, received_ms) == said
