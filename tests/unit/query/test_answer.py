"""What stands behind a match, in the words of the answer."""

import orjson
import pytest

from services.query.domain.answer import Contact, Standing, answer_of, document_of
from services.query.domain.evidence import Evidence
from services.query.domain.grade import Grade, Match
from services.query.http.lookups import LookupAnswer
from tests.builders import new_id
from tests.fakes import START

CEIU = Contact("ceiu", "The unit", "+1-703-555-0100")


def a_match(grade: Grade = Grade.CONFIRMED) -> Match:
    item = Evidence("email", "a@example.org", "a@example.org", "the same", 18.0)
    return Match(new_id(), new_id(), grade, 18.0, (item,), (), (), (new_id(),))


@pytest.mark.parametrize(
    ("state", "investigation", "is_live"),
    [
        (None, "none", False),
        ("open", "developing", True),
        ("held", "developing", True),
        ("referred", "referred", True),
        ("closed", "closed", False),
    ],
)
@pytest.mark.parametrize("grade", list(Grade))
def test_relevant_is_surely_the_person_and_a_live_investigation(
    state: str | None, investigation: str, grade: Grade, *, is_live: bool
) -> None:
    match = a_match(grade)
    lead_id = new_id() if state else None
    standing = Standing(match.record_id, lead_id, state, "T1" if state else None)
    answer = answer_of(new_id(), START, [match], {match.person_id: standing}, is_truncated=False)
    [shown] = document_of(answer, ceiu=CEIU)["matches"]
    assert shown["investigation"] == investigation
    assert shown["relevant"] is (is_live and grade in (Grade.CONFIRMED, Grade.PROBABLE))
    assert shown["lead_id"] == (str(lead_id) if lead_id else None)


@pytest.mark.parametrize(("is_with_office", "investigation"), [(True, "referred"), (False, "developing")])
def test_a_lead_that_an_office_has_stays_referred_whatever_else_makes_it_wait(
    investigation: str, *, is_with_office: bool
) -> None:
    """Else a look-up would tell of the lead that ties it, which may be silent. Whoever closed it has it no more."""
    match = a_match()
    office = Contact("losangeles", "Field office Los Angeles", "+1-213-555-0100")
    standing = Standing(match.record_id, new_id(), "held", "T1", office, is_with_office)
    answer = answer_of(new_id(), START, [match], {match.person_id: standing}, is_truncated=False)
    [shown] = document_of(answer, ceiu=CEIU)["matches"]
    assert (shown["investigation"], shown["contact"]["office"]) == (investigation, "losangeles")


def test_without_an_office_the_unit_is_the_contact() -> None:
    match = a_match()
    answer = answer_of(new_id(), START, [match], {}, is_truncated=True)
    document = document_of(answer, ceiu=CEIU)
    assert document["truncated"] is True
    [shown] = document["matches"]
    assert shown["contact"] == {"office": "ceiu", "name": "The unit", "phone": "+1-703-555-0100"}
    assert shown["record_id"] == str(match.record_id)
    assert shown["tier"] is None
    assert "without ICE's express authorization" in shown["caveat"]
    assert set(shown["evidence"]["for"][0]) == {"field", "given", "recorded", "detail", "weight"}
    assert answer.grades == {"confirmed": 1}


def test_an_answer_leaves_as_it_is_kept_and_has_the_form_that_is_promised() -> None:
    match = a_match()
    standing = Standing(match.record_id, new_id(), "referred", "T1", Contact("sac-boston", "Boston", None))
    others = [a_match(Grade.PROBABLE), a_match(Grade.CONTRADICTED)]
    answer = answer_of(new_id(), START, [match, *others], {match.person_id: standing}, is_truncated=False)
    document = orjson.dumps(document_of(answer, ceiu=CEIU))
    assert LookupAnswer.model_validate_json(document).model_dump_json().encode() == document
