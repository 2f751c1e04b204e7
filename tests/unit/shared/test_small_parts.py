"""The dead-letter ceiling, cursors, bodies, settings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.errors import Rejected
from shared.http.body import Body, parse_json
from shared.http.page import cursor_of, read_cursor
from shared.kafka.dead_letter import Ceiling, TooManyDeadLetters
from shared.settings import ServiceSettings, load_settings


def test_one_dead_letter_more_in_a_row_than_allowed_passes_the_ceiling() -> None:
    ceiling = Ceiling(3)
    for _ in range(5):
        for is_dead in (True, True, True, False):
            ceiling.count(is_dead=is_dead)
    for _ in range(3):
        ceiling.count(is_dead=True)
    with pytest.raises(TooManyDeadLetters):
        ceiling.count(is_dead=True)


def test_more_than_five_in_a_hundred_of_a_thousand_pass_the_ceiling() -> None:
    ceiling = Ceiling(100)
    for number in range(2_000):
        ceiling.count(is_dead=number % 20 == 0)
    with pytest.raises(TooManyDeadLetters):
        for number in range(2_000):
            ceiling.count(is_dead=number % 19 == 0)


@given(st.lists(st.one_of(st.text(max_size=40), st.integers(-(2**53), 2**53)), min_size=1, max_size=4))
def test_a_cursor_gives_back_its_key(key: list[str | int]) -> None:
    assert read_cursor(cursor_of(key), length=len(key)) == key


@given(st.text(max_size=600))
def test_any_text_is_a_cursor_or_is_refused_by_name(text: str) -> None:
    try:
        key = read_cursor(text, length=2)
    except Rejected as error:
        assert error.errors[0].loc == ("query", "cursor")
    else:
        assert key is not None
        assert len(key) == 2


class Invented(Body):
    """A body with one field of each sort."""

    name: str
    count: int = 0
    inner: dict[str, str] = {}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff\xfe", b"nul", b"[" * 5_000, b'{"name": ' * 2_000 + b'"\\u0000"' + b"}" * 2_000]
)
def test_what_is_not_json_is_called_so(raw: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        parse_json(raw, Invented)
    assert caught.value.problem == "not_json"


@pytest.mark.parametrize(
    ("raw", "loc"),
    [
        (b"{}", ("name",)),
        (b'{"name": 7}', ("name",)),
        (b'{"name": "a", "count": "7"}', ("count",)),
        (b'{"name": "a", "count": true}', ("count",)),
        (b'{"name": "a", "other": 1}', ("other",)),
        (b'{"name": "a\\u0000b"}', ("name",)),
        (b'{"name": "a", "inner": {"k": "\\u0000"}}', ("inner", "k")),
        (b'{"name": "a", "inner": {"k\\u0000": "v"}}', ("inner",)),
        (b'{"name": "\\ud800"}', ("name",)),
        (b'{"name": "a", "name": "b"}', ("name",)),
        (b'{"name": "a", "na\\u006de": "a"}', ("name",)),
        (b'{"name": "a", "inner": {"k": "u", "l": "v", "k": "u"}}', ("inner", "k")),
        (b'{"name": "a", "inner": {"k": "u", "k": "v"}, "inner": {}}', ("inner",)),
    ],
)
def test_a_field_that_is_wrong_is_named(raw: bytes, loc: tuple[str, ...]) -> None:
    with pytest.raises(Rejected) as caught:
        parse_json(raw, Invented)
    assert caught.value.problem == "invalid"
    assert caught.value.errors[0].loc == loc


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert parse_json(b'{"name": "C:\\\\u0000"}', Invented).name == "C:\\u0000"


class InventedSettings(ServiceSettings):
    """Settings of no service."""

    model_config = {**ServiceSettings.model_config, "env_prefix": "INVENTED_"}


def test_settings_come_from_the_home_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "invented.env").write_text("INVENTED_HTTP_PORT=9001\nINVENTED_WORKER_PORT=9002\n")
    monkeypatch.setenv("CETS_HOME", str(tmp_path))
    monkeypatch.setenv("INVENTED_WORKER_PORT", "9003")
    settings = load_settings(InventedSettings)
    assert (settings.http_port, settings.worker_port) == (9001, 9003)


def test_a_wrong_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CETS_HOME", str(tmp_path))
    monkeypatch.setenv("INVENTED_HTTP_PORT", "99999")
    with pytest.raises(ValidationError, match="http_port"):
        load_settings(InventedSettings)
