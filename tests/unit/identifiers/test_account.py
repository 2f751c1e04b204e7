"""User names and service accounts."""

import pytest

from shared.identifiers import Identifier, normalise_identifier


def username(value: str, service: str | None = "socialA") -> Identifier:
    found = normalise_identifier("username", value, service=service)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "value", ["dark_77", "@Dark_77", " DARK_77 ", "@@dark_77", "@ dark_77", "ｄａｒｋ＿７７", "dark\u200b_77"]
)
def test_spellings_of_one_user_name_are_equal(value: str) -> None:
    assert username(value) == Identifier("username", "dark_77", "dark_77", "sociala", True, "")


@pytest.mark.parametrize(
    ("left", "right"), [("STRASSE", "straße"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("\u0390", "\u03aa\u0301"), ("❤️", "❤")]
)
def test_letter_case_folds_in_every_script(left: str, right: str) -> None:
    assert username(left) == username(right)


def test_dash_and_underscore_are_two_names() -> None:
    assert username("dark_77").exact != username("dark-77").exact


def test_same_name_on_two_services_has_two_scopes() -> None:
    assert username("dark_77", "socialA").scope != username("dark_77", "chatB").scope


@pytest.mark.parametrize("service", ["Twitter", "twitter.com", "X", "x.com", " TWITTER "])
def test_renamed_service_is_one_service(service: str) -> None:
    assert username("dark_77", service).scope == "x"


@pytest.mark.parametrize(
    ("service", "kept"),
    [
        ("Instagram", "instagram"), ("instagram.com", "instagram"), ("www.instagram.com", "instagram"),
        ("WWW.Instagram.com/", "instagram"), ("https://instagram.com/", "instagram"),
        ("http://www.instagram.com", "instagram"), ("Instagram, Inc.", "instagram"), ("Instagram LLC", "instagram"),
        ("Instagram,Inc", "instagram"), ("Snapchat Inc", "snapchat"), ("Snap Inc.", "snapchat"), ("X Corp.", "x"),
        ("Twitter, Inc.", "x"), ("Discord, L.L.C.", "discord"), ("TikTok Pte. Ltd.", "tiktok"),
        ("Roblox Corporation", "roblox"), ("VK Company Limited", "vk"), ("Knuddels GmbH & Co. KG", "knuddels"),
        ("Skout S.A.", "skout"), ("Telegram FZ-LLC", "telegram"), ("www.sociala.example", "sociala.example"),
    ],
)  # fmt: skip
def test_service_is_one_whether_its_site_or_its_company_is_named(service: str, kept: str) -> None:
    assert username("dark_77", service).scope == kept


@pytest.mark.parametrize("service", ["Inc", "Ltd.", "Zinc", "Disco", "Kik/chat", "httpschat", "Chat & Date", "wwwchat"])
def test_service_that_only_looks_so_keeps_its_name(service: str) -> None:
    assert username("dark_77", service).scope == service.lower()


@pytest.mark.parametrize(
    "service", [None, "", "  ", "https://", "www.", "Unknown, Inc.", "unknown", "n/a", "\x00", "s" * 101]
)
def test_without_a_service_a_name_is_valid_but_never_links(service: str | None) -> None:
    found = username("dark_77", service)
    assert (found.scope, found.links, found.reason) == ("", False, "no service")


@pytest.mark.parametrize("value", ["unknown", "[deleted]", "N/A", "Anonymous", "0000", "---"])
def test_placeholder_names_never_link(value: str) -> None:
    assert (username(value).links, username(value).reason) == (False, "placeholder")


@pytest.mark.parametrize("value", ["", "@", "@ @", " ", "x" * 257, "a\x07b"])
def test_empty_overlong_or_unprintable_names_give_none(value: str) -> None:
    assert normalise_identifier("username", value, service="socialA") is None


def test_account_ids_are_scoped_like_user_names_but_another_type() -> None:
    found = normalise_identifier("account", "UC-1234567", service="Twitter")
    assert found == Identifier("account", "uc-1234567", "uc-1234567", "x", True, "")
