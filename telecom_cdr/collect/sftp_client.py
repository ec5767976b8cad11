# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What paramiko's SFTP client lacks: names that are not UTF-8, and reading ahead in
bounded memory (its own reading ahead keeps what arrives out of turn)."""

from collections import deque
from collections.abc import Iterator

import paramiko
from paramiko.message import Message
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_DATA,
    CMD_NAME,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    int64,
)

BLOCK = 1 << 15
"""Bytes asked for at a time: what every server can give."""
AHEAD = 64
"""Blocks that may be under way, as OpenSSH's own client has it: 2 MB."""


class SftpClient(paramiko.SFTPClient):
    """An SFTP session with names as bytes."""

    def scan(self, path: bytes) -> Iterator[tuple[bytes, paramiko.SFTPAttributes]]:
        """The names in a directory and what the server tells about each."""
        kind, message = self._request(CMD_OPENDIR, path)
        handle = message.get_binary()
        try:
            while True:
                kind, message = self._request(CMD_READDIR, handle)
                if kind != CMD_NAME:
                    raise paramiko.SFTPError("expected names")
                yield from _names(message)
        except EOFError:
            self._request(CMD_CLOSE, handle)

    def read_ahead(self, handle: bytes, size: int, offset: int = 0) -> "ReadAhead":
        """The bytes of an open file, from an offset on up to a size."""
        return ReadAhead(self, handle, size, offset)

    def ask_block(self, reader: "ReadAhead", offset: int, size: int) -> int:
        """Ask for a block; the reader's ``_async_response`` gets the answer."""
        return self._async_request(reader, CMD_READ, reader.handle, int64(offset), size)

    def take_answer(self) -> None:
        """Wait for one answer and give it to whom it belongs."""
        self._read_response()


class ReadAhead:
    """Reads a file in order, with several requests under way."""

    def __init__(
        self, client: SftpClient, handle: bytes, size: int, offset: int = 0
    ) -> None:
        self.handle = handle
        self.size = size
        self._client = client
        self._asked = offset
        # Requests in the order of the file, and the answers that are in.
        self._waiting: deque[tuple[int, int, int]] = deque()
        self._answers: dict[int, bytes | Exception] = {}
        self._rest = b""

    def read(self, size: int) -> bytes:
        """At most so many bytes, and none at the end only."""
        if not self._rest:
            self._rest = self._next_block()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def _next_block(self) -> bytes:
        self._ask()
        if not self._waiting:
            return b""
        number, offset, size = self._waiting.popleft()
        while number not in self._answers:
            self._client.take_answer()
        answer = self._answers.pop(number)
        if isinstance(answer, EOFError):
            return b""
        if isinstance(answer, Exception):
            raise answer
        if 0 < len(answer) < size:
            self._ask_rest(offset + len(answer), size - len(answer))
        return answer[:size]

    def _ask(self) -> None:
        while len(self._waiting) < AHEAD and self._asked < self.size:
            size = min(BLOCK, self.size - self._asked)
            number = self._client.ask_block(self, self._asked, size)
            self._waiting.append((number, self._asked, size))
            self._asked += size

    def _ask_rest(self, offset: int, size: int) -> None:
        """A server may give less than was asked for: the rest comes next."""
        number = self._client.ask_block(self, offset, size)
        self._waiting.appendleft((number, offset, size))

    def _async_response(self, kind: int, message: Message, number: int) -> None:
        """paramiko's way of handing over an answer."""
        if kind == CMD_DATA:
            self._answers[number] = message.get_binary()
        elif kind == CMD_STATUS:
            self._answers[number] = self._status(message)
        else:
            self._answers[number] = paramiko.SFTPError("expected data")

    def _status(self, message: Message) -> Exception:
        try:
            self._client._convert_status(message)
        except (OSError, EOFError, ValueError) as error:
            return error
        return paramiko.SFTPError("expected data")


def _names(message: Message) -> Iterator[tuple[bytes, paramiko.SFTPAttributes]]:
    for _ in range(message.get_int()):
        name = message.get_binary()
        line = message.get_binary().decode("utf-8", "replace")
        yield name, paramiko.SFTPAttributes._from_msg(message, "", line)
