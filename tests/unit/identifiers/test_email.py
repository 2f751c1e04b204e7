"""E-mail addresses."""

import pytest

from shared.identifiers import Identifier, normalise_identifier


def email(value: str) -> Identifier:
    found = normalise_identifier("email", value)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "exact", "canonical"),
    [
        ("A.B@Example.ORG", "a.b@example.org", "a.b@example.org"),
        (" <a@example.org> ", "a@example.org", "a@example.org"),
        ("mailto:A@example.org", "a@example.org", "a@example.org"),
        ('"ana"@example.org', "ana@example.org", "ana@example.org"),
        ("ana＠example．org", "ana@example.org", "ana@example.org"),
        ("ana@example.org.", "ana@example.org", "ana@example.org"),
        # Elsewhere dots and tags are kept: they may be another mailbox.
        ("a.na+x@example.org", "a.na+x@example.org", "a.na+x@example.org"),
        ("D.ark.77+x@GoogleMail.com", "d.ark.77+x@googlemail.com", "dark77@gmail.com"),
        ("dark.77+x+y@gmail.com", "dark.77+x+y@gmail.com", "dark77@gmail.com"),
        ("dark.77+x@outlook.com", "dark.77+x@outlook.com", "dark.77@outlook.com"),
        ("dark.77+x@hotmail.co.uk", "dark.77+x@hotmail.co.uk", "dark.77@hotmail.co.uk"),
        ("dark77+x@live.com", "dark77+x@live.com", "dark77@live.com"),
        ("dark77+x@me.com", "dark77+x@me.com", "dark77@icloud.com"),
        ("dark77@mac.com", "dark77@mac.com", "dark77@icloud.com"),
        ("d.ark_7-7+x@pm.me", "d.ark_7-7+x@pm.me", "dark77@proton.me"),
        ("dark77@protonmail.com", "dark77@protonmail.com", "dark77@proton.me"),
        ("dark77+x@fastmail.com", "dark77+x@fastmail.com", "dark77@fastmail.com"),
        ("dark.77-shop@yahoo.com", "dark.77-shop@yahoo.com", "dark.77@yahoo.com"),
        ("dark77+x@yahoo.com", "dark77+x@yahoo.com", "dark77+x@yahoo.com"),
        ("dark77-x@yahoo.co.jp", "dark77-x@yahoo.co.jp", "dark77-x@yahoo.co.jp"),
        ("+x@gmail.com", "+x@gmail.com", "+x@gmail.com"),
    ],
)
def test_exact_key_folds_case_and_canonical_key_follows_the_provider(value: str, exact: str, canonical: str) -> None:
    assert email(value) == Identifier("email", exact, canonical, "", True, "")


@pytest.mark.parametrize(
    ("value", "ascii_form"),
    [
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@例え。example", "a@xn--r8jz45g.example"),
        ("a@ΣΊΣΥΦΟΣ.example", "a@xn--kxa6akbbkh.example"),
    ],
)
def test_domain_in_its_own_script_and_in_ascii_are_one(value: str, ascii_form: str) -> None:
    assert email(value) == email(ascii_form)


def test_sharp_s_and_double_s_are_two_domains() -> None:
    assert email("a@straße.example").exact != email("a@strasse.example").exact


@pytest.mark.parametrize(
    "value",
    [
        "", "ana", "ana@", "@example.org", "a@b@example.org", "a@localhost", "a b@example.org", "a@example..org",
        "a@-example.org", "a@192.0.2.1", "a@[192.0.2.1]", "a@exam ple.org", "a,b@example.org", "a\x00@example.org",
        "x" * 65 + "@example.org", "é" * 33 + "@example.org", "a@" + "x" * 64 + ".org", "a@" + "x." * 126 + "org",
    ],
)  # fmt: skip
def test_what_is_no_address_gives_none(value: str) -> None:
    assert normalise_identifier("email", value) is None


@pytest.mark.parametrize(
    "value", ["x" * 64 + "@example.org", "nina@" + "x" * 63 + ".org", "é" * 32 + "@example.org", ".a..b.@example.org"]
)
def test_the_longest_and_the_oddest_address_still_links(value: str) -> None:
    assert email(value).links


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("abuse@example.org", "role address"),
        ("No-Reply@example.org", "role address"),
        ("no.reply+8f3@example.org", "role address"),
        ("noreply-77@yahoo.com", "role address"),
        ("postmaster@example.org", "role address"),
        ("ad.min+x@gmail.com", "role address"),
        ("none@none.com", "placeholder"),
        ("test@example.org", "placeholder"),
        ("anything@none.com", "placeholder"),
        ("a@a.com", "placeholder"),
        ("xyz@xyz.org", "placeholder"),
        ("aaaa@aaaa.com", "placeholder"),
        ("ana@mail.invalid", "placeholder"),
        ("000@example.org", "placeholder"),
        ("fake@fake.com", "placeholder"),
        ("Fake.Email+1@gmail.com", "placeholder"),
        ("noone@nowhere.com", "placeholder"),
        ("no-one@example.org", "placeholder"),
        ("not.available@example.org", "placeholder"),
        ("dont_have_one@example.org", "placeholder"),
        ("john@fake.com", "placeholder"),
        ("john@nowhere.com", "placeholder"),
        ("abc@123.com", "placeholder"),
        ("123@abc.com", "placeholder"),
        ("1234@1234.com", "placeholder"),
        ("abcd@abcd.net", "placeholder"),
        ("asdf@asdf.com", "placeholder"),
        ("asd@qwe.com", "placeholder"),
        ("asdfasdf@asdf.com", "placeholder"),
        ("qwerty@qwerty.org", "placeholder"),
        ("foo@bar.com", "placeholder"),
        ("blah@blah.com", "placeholder"),
        ("blahblah@blah.com", "placeholder"),
        ("a@b.com", "placeholder"),
        ("no@email.com", "placeholder"),
        ("someone@somewhere.com", "placeholder"),
        ("example@example.com", "placeholder"),
    ],
)
def test_role_and_placeholder_addresses_are_valid_but_never_link(value: str, reason: str) -> None:
    found = email(value)
    assert (found.links, found.reason, found.canonical) == (False, reason, found.exact)


@pytest.mark.parametrize(
    "value",
    [
        "a@example.org", "lopez@lopez.example", "nina@example.com", "info77@example.net", "smith@smith.com",
        "abc@example.org", "qwerty@example.org", "someone@example.org", "abc123@123.com", "nina@abc.com",
        "j.doe@bar.com", "mn@rs.com", "fakes@example.org", "lulu@lulu.com", "someone@me.com", "800700600@qq.com",
        "123123@qq.com", "234567@vip.qq.com", "qwerty@mail.ru", "stu@mail.ru", "blah@email.cz", "jkl@aa.com",
    ],
)  # fmt: skip
def test_addresses_near_a_placeholder_link(value: str) -> None:
    assert email(value).links
