"""What the server itself says to a caller whose bytes are not HTTP: the same kind of document as everyone else says."""

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.clock import SystemClock
from shared.http.problem import Problem

log = structlog.get_logger()

MALFORMED = Problem("malformed", 400, "this is not an HTTP request that can be read", headers={"Connection": "close"})
EVERY_ANSWER = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
"""Headers of every answer, beside `x-request-id`."""


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's own, but for the answer to a request that its parser gives up on."""

    def send_400_response(self, msg: str) -> None:
        """Answer a problem document, and hang up: where the next request would begin, nobody knows."""
        request_id = SystemClock().new_id()
        log.warning("request_malformed", correlation_id=str(request_id))
        response = MALFORMED.render(request_id)
        headers = [*response.raw_headers, (b"x-request-id", str(request_id).encode()), *EVERY_ANSWER]
        lines = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in headers)]
        self.transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + bytes(response.body))
        self.transport.close()
