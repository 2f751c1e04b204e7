"""Who the users are, so that a look-up of oneself can be told."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from services.audit.domain.keys import NAME_WORDS_MIN, Keys
from shared.errors import Rejected
from shared.identifiers import fold_name


class Member(BaseModel):
    """A user: names as they may be written, one birth date `YYYY-MM-DD`, and what else identifies them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: list[str] = Field(default=[], max_length=20)
    birth_date: str | None = Field(default=None, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    emails: list[str] = Field(default=[], max_length=20)
    usernames: list[str] = Field(default=[], max_length=20)
    phones: list[str] = Field(default=[], max_length=20)
    documents: list[str] = Field(default=[], max_length=20)


_STAFF = TypeAdapter(dict[str, Member])


class Staff:
    """The users by the id that events call them by; unknown ones never look themselves up."""

    def __init__(self, members: Mapping[str, Member], keys: Keys) -> None:
        self._keys = keys
        self._names = {id_: [frozenset(fold_name(name)) for name in each.names] for id_, each in members.items()}
        self._birth_dates = {id_: each.birth_date for id_, each in members.items()}
        identifiers = {id_: each.model_dump(exclude={"names", "birth_date"}) for id_, each in members.items()}
        self._identifiers = {id_: frozenset(keys.persons(asked)) for id_, asked in identifiers.items()}

    def __len__(self) -> int:
        """Return how many users are known."""
        return len(self._names)

    def is_self(self, actor_id: str, asked: Mapping[str, Any]) -> bool:
        """Return whether a look-up's parameters ask for whoever asks: an identifier of theirs, or their name.

        A name counts when all words of the shorter one, two at least, are in the other, and the birth date agrees, as a
        partial one does with the days within it; without one when it has the very same words.
        """
        if actor_id not in self._names:
            return False
        identifiers = self._keys.persons({**asked, "name": None})
        if self._identifiers[actor_id].intersection(identifiers):
            return True
        known, given = self._birth_dates[actor_id], str(asked.get("birth_date") or "")
        words = frozenset(fold_name(str(asked.get("name") or "")))
        return any(
            words == name or (bool(given) and len(words & name) >= NAME_WORDS_MIN and (words <= name or name <= words))
            for name in self._names[actor_id]
            if len(name) >= NAME_WORDS_MIN
        ) and (known is None or known.startswith(given))


def read_staff(text: bytes, keys: Keys) -> Staff:
    """Return the users that a JSON object tells of: `{"cbp.att": {"names": ["Ana López"], "birth_date": …}, …}`.

    Raises:
        Rejected: it is not of that form; the message names the places, and no values.
    """
    try:
        members = _STAFF.validate_json(text)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, found['loc'])) or '(whole)'}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False, include_context=False)[:5]
        )
        raise Rejected(f"does not say who the users are: {places}") from error
    return Staff(members, keys)
