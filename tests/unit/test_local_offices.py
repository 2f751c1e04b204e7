"""A token of an agent is issued for an office that the directory lists, and for no other."""

from pathlib import Path

import pytest

from deploy.kafka.provision import all_topics
from deploy.local.__main__ import main
from deploy.local.offices import office_names, require_office
from deploy.local.report import Refused
from shared.events.topics import OFFICE_PREFIX
from shared.security import get_account


def test_the_offices_are_those_that_referrals_travel_to() -> None:
    topics = {topic.name.removeprefix(OFFICE_PREFIX) for topic in all_topics() if topic.name.startswith(OFFICE_PREFIX)}
    assert set(office_names()) == topics
    assert list(office_names()) == sorted(topics)


def test_every_listed_office_has_an_agents_account() -> None:
    for code in office_names():
        require_office(f"hsi.agent.{code}")
        assert get_account(f"hsi.agent.{code}").office == code


@pytest.mark.parametrize("account", ["ceiu.analyst", "source.ncmec", "auditor"])
def test_other_accounts_need_no_office(account: str) -> None:
    require_office(account)


@pytest.mark.parametrize("code", ["sac-nowhere", "", "SAC-BOSTON", "sac-boston "])
def test_an_agent_of_an_unknown_office_is_refused_with_the_way_to_see_the_codes(code: str) -> None:
    with pytest.raises(Refused, match=r"no office .* deploy\.local offices"):
        require_office(f"hsi.agent.{code}")


def test_a_near_miss_is_named() -> None:
    with pytest.raises(Refused, match=r"Did you mean hsi\.agent\.sac-boston\?"):
        require_office("hsi.agent.sac-bostn")


def test_no_token_is_printed_for_an_office_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CETS_HOME", str(tmp_path / "home"))
    assert main(["token", "hsi.agent.sac-nowhere"]) == 1
    assert capsys.readouterr().out == ""
    assert main(["token", "hsi.agent.sac-boston"]) == 0
    assert capsys.readouterr().out.count(".") == 2


def test_the_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["offices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(office_names())
