"""A limit on headers where they arrive: the parser itself would collect them without end."""

from typing import ClassVar

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from server.errors import BadRequest, GatewayError, HeadersTooLarge


class HeaderLimitedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which refuses a request whose headers are too long, even before they have ended.

    The app sees nothing of such a request. What is not HTTP at all is refused in OpenAI's shape too.
    """

    max_header_bytes: ClassVar[int] = 16 * 1024
    _in_headers = False
    _header_bytes = 0
    _received_bytes = 0

    @classmethod
    def limited_to(cls, max_header_bytes: int) -> "type[HeaderLimitedProtocol]":
        """Returns the protocol with this limit."""
        return type(cls.__name__, (cls,), {"max_header_bytes": max_header_bytes})

    def data_received(self, data: bytes) -> None:
        """Parses what came, unless the request was refused before."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_headers:  # a single header that does not end is not reported by the parser
            self._received_bytes += len(data)
            if self._received_bytes > self.max_header_bytes:
                self._refuse_headers()

    def on_message_begin(self) -> None:
        """Begins to count."""
        super().on_message_begin()
        self._in_headers = True
        self._header_bytes = self._received_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Counts the request's target."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts a header."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Ends the counting."""
        self._in_headers = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is not HTTP."""
        self._refuse(BadRequest(msg, code="invalid_http"))

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > self.max_header_bytes:
            self._refuse_headers()
            raise ValueError("the request was refused")  # stops the parser

    def _refuse_headers(self) -> None:
        self._refuse(HeadersTooLarge(f"The headers have more than {self.max_header_bytes} bytes."))

    def _refuse(self, error: GatewayError) -> None:
        if self.transport.is_closing():
            return
        body = orjson.dumps(error.body)
        head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[error.status] + head + body)
        self.transport.close()
