"""What is said to a witness and what it answers (C2SP tlog-witness)."""

from base64 import b64encode
from collections.abc import Sequence

from services.audit.domain.note import BadNote, VerifyingKey, is_size

SIZE_TYPE = "text/x.tlog.size"


class Ahead(Exception):
    """The witness's newest checkpoint of this log has another size than it was told."""

    def __init__(self, size: int) -> None:
        super().__init__(f"it has signed {size} entries")
        self.size = size


class Refused(Exception):
    """The witness does not sign; the text says why."""


def request_of(old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    """Return the request to sign a log checkpoint, with the proof that it continues the one of the old size."""
    lines = [f"old {old_size}\n", *(f"{b64encode(node).decode()}\n" for node in proof), "\n", note]
    return "".join(lines).encode()


def read_answer(status: int, content_type: str, text: str, *, note: str, key: VerifyingKey) -> str:
    """Return the line by which the witness signs the note.

    Raises:
        Ahead: it knows another size.
        Refused: it signs nothing, or its signature is not its own.
    """
    if status == 409 and content_type == SIZE_TYPE:
        size = text.removesuffix("\n")
        if is_size(size):
            raise Ahead(int(size))
    if status != 200:
        raise Refused(f"it answered {status}")
    *lines, _ = text.split("\n")
    for line in lines:
        if _is_signed(f"{note}{line}\n", key):
            return f"{line}\n"
    raise Refused("none of its signatures is by the key that it is known under")


def _is_signed(note: str, key: VerifyingKey) -> bool:
    # What stands there is for others to write, such as a proxy: it must never stop us.
    try:
        return key.has_signed(note)
    except BadNote:
        return False
