"""The one map of a local stack: ports, folders, and what the environment may say about them."""

import json
from pathlib import Path

import pytest

from deploy.local.layout import PORT_OFFSETS, PORTS_MAX, Layout, read_layout, write_file
from deploy.local.report import Refused


def layout_in(folder: Path, **environ: str) -> Layout:
    return read_layout({"CETS_HOME": str(folder / "home"), "CETS_CACHE": str(folder / "cache"), **environ})


def test_no_two_processes_share_a_port_and_all_stay_within_the_promised_hundred() -> None:
    offsets = list(PORT_OFFSETS.values())
    assert len(set(offsets)) == len(offsets)
    assert all(0 <= offset < PORTS_MAX for offset in offsets)


def test_two_stacks_a_hundred_ports_apart_do_not_meet(tmp_path: Path) -> None:
    first, second = (layout_in(tmp_path, CETS_PORT_BASE=base) for base in ("20000", "20100"))
    assert not {first.port(name) for name in PORT_OFFSETS} & {second.port(name) for name in PORT_OFFSETS}


@pytest.mark.parametrize("base", ["", "0", "80", "65437", "99999999", "-1", "1e4", "１７７００", "17700 ", "x"])
def test_a_port_base_that_cannot_be_meant_is_refused(tmp_path: Path, base: str) -> None:
    if base == "":
        assert layout_in(tmp_path, CETS_PORT_BASE=base).port_base == 17_700
    else:
        with pytest.raises(Refused, match="CETS_PORT_BASE"):
            layout_in(tmp_path, CETS_PORT_BASE=base)


def test_a_home_remembers_its_ports_until_the_environment_names_others(tmp_path: Path) -> None:
    layout_in(tmp_path, CETS_PORT_BASE="20000").prepare()
    assert layout_in(tmp_path).port_base == 20_000
    assert layout_in(tmp_path, CETS_PORT_BASE="21000").port_base == 21_000
    assert layout_in(tmp_path, CETS_PORT_BASE="21000").as_remembered().port_base == 20_000


def test_a_damaged_marker_counts_as_no_memory(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    layout.prepare()
    for text in ("", "[]", "{}", '{"port_base": 1}'):
        layout.marker.write_text(text)
        if text == '{"port_base": 1}':
            with pytest.raises(Refused):
                layout_in(tmp_path)
        else:
            assert layout_in(tmp_path).port_base == 17_700


def test_a_folder_with_other_things_in_it_is_not_taken_for_a_home(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    layout.home.mkdir()
    (layout.home / "thesis.txt").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        layout.prepare()
    assert [path.name for path in layout.home.iterdir()] == ["thesis.txt"]


def test_secrets_and_logs_are_for_their_owner_alone(tmp_path: Path) -> None:
    layout = layout_in(tmp_path)
    layout.prepare()
    layout.prepare()
    assert {path.stat().st_mode & 0o777 for path in (layout.keys, layout.env, layout.logs)} == {0o700}
    assert json.loads(layout.marker.read_text()) == {"port_base": 17_700}


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_layout({"CETS_HOME": "x/../y"}).home == tmp_path / "y"


def test_a_file_is_replaced_whole_and_private_over_a_draft_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.with_name("secret.draft").write_text("half of someth")
    write_file(path, "one")
    write_file(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]
