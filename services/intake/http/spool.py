"""A whole body put aside before any of it is used, so that its hash is known first: small in memory, large on disk.

The file has no name, so nobody else can open it, and it is gone with the process.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

MEMORY_BYTES_MAX = 1024 * 1024
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Spool:
    """A body at rest."""

    digest: bytes
    """SHA-256 of the bytes."""
    _file: "SpooledTemporaryFile[bytes]"

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body from its beginning."""
        await asyncio.to_thread(self._file.seek, 0)
        while chunk := await asyncio.to_thread(self._file.read, READ_BYTES):
            yield chunk


@asynccontextmanager
async def put_aside(body: AsyncIterator[bytes]) -> AsyncIterator[Spool]:
    """Read a body to its end, and keep it until the context is left; raises what reading it raises."""
    digest = hashlib.sha256()
    with SpooledTemporaryFile[bytes](max_size=MEMORY_BYTES_MAX) as file:
        async for chunk in body:
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
        yield Spool(digest.digest(), file)
