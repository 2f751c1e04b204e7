"""The supervisor never gives up on a process, and a folder's name does not change what its configuration means."""

import shlex
from pathlib import Path
from signal import SIGTERM

import pytest
from hypothesis import given
from hypothesis import strategies as st
from supervisor.states import ProcessStates
from supervisor.tests.base import DummyOptions, DummyPConfig

from deploy.local.report import Refused
from deploy.local.supervise import PAUSE_MAX_S, SOON_S, Program, TirelessProcess, _Options, config_text

FAILURE_STATUS = 1 << 8
PATH_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="/;#"), max_size=30)


def program(name: str, words: list[str], folder: Path) -> Program:
    return Program(name, words, folder, autostart=True, stop_signal=SIGTERM, stop_timeout_s=10)


def failing_process() -> TirelessProcess:
    options = DummyOptions()
    options.forkpid = 4711
    config = DummyPConfig(options, "x", "x", "/bin/x", startsecs=SOON_S, startretries=PAUSE_MAX_S + 2)
    return TirelessProcess(config)


def test_a_process_that_always_fails_is_started_again_for_ever_after_at_most_the_pause() -> None:
    process = failing_process()
    process.spawn()
    pauses = []
    for _ in range(100):
        process.laststart = process.laststart - 0.5
        process.finish(process.pid, FAILURE_STATUS)
        if process.state == ProcessStates.BACKOFF:
            pauses.append(round(process.delay - process.laststop))
            process.delay = process.laststop - 0.001
            process.transition()
        else:
            pauses.append(0)
        assert process.state == ProcessStates.STARTING
    assert pauses == [0, *range(1, PAUSE_MAX_S), *[PAUSE_MAX_S] * (100 - PAUSE_MAX_S)]


def test_a_process_that_ran_well_and_dies_is_back_at_once() -> None:
    process = failing_process()
    process.spawn()
    process.laststart = process.laststart - SOON_S - 1
    process.transition()
    assert process.state == ProcessStates.RUNNING
    process.finish(process.pid, FAILURE_STATUS)
    assert process.state == ProcessStates.STARTING


def test_a_stopped_process_stays_stopped() -> None:
    process = failing_process()
    process.spawn()
    process.stop()
    process.finish(process.pid, FAILURE_STATUS)
    assert process.state == ProcessStates.STOPPED


@given(names=st.lists(PATH_TEXT, min_size=1, max_size=3))
def test_any_folder_name_survives_the_configuration(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    home = tmp_path_factory.getbasetemp() / "home 50% 'x' \"y\""
    (home / "logs").mkdir(parents=True, exist_ok=True)
    words = ["/bin/" + names[0], *names]
    text = config_text({"all": [program("one", words, home)]}, folder=home, port=20_000, password="secret")
    (home / "supervisord.conf").write_text(text, encoding="utf-8")

    options = _Options()
    options.realize(["--nodaemon", "-c", str(home / "supervisord.conf")])

    (group,) = options.process_group_configs
    (config,) = group.process_configs
    assert shlex.split(config.command) == words
    assert config.directory == str(home)
    assert config.stdout_logfile == str(home / "logs" / "one.log")
    assert isinstance(config.make_process(), TirelessProcess)


def test_a_folder_name_that_the_configuration_cannot_hold_is_refused(tmp_path: Path) -> None:
    for name in ("CETS #2", "a ;b", "a\nb"):
        with pytest.raises(Refused, match="folder"):
            config_text({}, folder=tmp_path / name, port=1, password="x")


def test_groups_start_in_their_order_so_that_they_stop_in_the_other(tmp_path: Path) -> None:
    groups = {"servers": [program("kafka", ["/k"], tmp_path)], "services": [program("intake-http", ["/i"], tmp_path)]}
    (tmp_path / "logs").mkdir()
    (tmp_path / "c").write_text(config_text(groups, folder=tmp_path, port=1, password="x"))
    options = _Options()
    options.realize(["--nodaemon", "-c", str(tmp_path / "c")])
    assert [group.name for group in sorted(options.process_group_configs)] == ["servers", "services"]
