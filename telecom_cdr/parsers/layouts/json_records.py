# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""JSON: an array of objects, objects one after another or one a line, in any depth.

Read block by block; one record at a time is in memory. A record that is broken is given
as such, and the reading goes on with the next that begins in a line of its own, or else
behind `},`. Numbers stay as they are written, digit by digit.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..exceptions import FileError
from .contract import MAX_RAW
from .keys import path_parts
from .nested import Found, NestedSource
from .stream import MAX_RECORD, TextStream

DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
SPACE = re.compile(r"[ \t\r\n\f\ufeff]*")
TOKEN = re.compile(r'"|[\[{]+|[\]}]+')
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
PLAIN_VALUE = re.compile(r'[\s,]{1,200}(?:"[^"\\\n]{0,1000}"|[^\s,\[\]{}"]{1,1000})')
OPENING = re.compile(r"[\[{]")
NEXT_LINE = re.compile(r"\n[ \t\r\n,\[\]}]{0,200}(?=\{)")
NEXT_OBJECT = re.compile(r"\}\s{0,200},\s{0,200}(?=\{)")
# Characters at the end of a block in which a number, a name or an escape may be cut.
CUT = 12
MAX_DEPTH = 20
# Brackets that nobody needs within one another; beyond, Python refuses to decode.
MAX_BRACKETS = 200
MAX_SEEN = 20
# Behind so many characters, those that were read are let go ahead of an error: its
# line is counted from the begin of what is held.
PIECE = 8 * 1024


class JsonSource(NestedSource):
    """A file of JSON."""

    def _find(self, text: TextStream) -> Iterator[Found]:
        """The records at the format's path."""
        return Scanner(text, path_parts(self._spec.record_path)).records()


class Broken(Exception):
    """Text that is not what JSON has there: where, and what was found."""

    def __init__(self, at: int, found: str, reason: str = "syntax") -> None:
        """`at`: place in the buffer."""
        super().__init__(found)
        self.at, self.found, self.reason = at, found, reason


class Over(Exception):
    """The file is over within something, and that has been told."""


class Scanner:
    """Finds the records of a text."""

    def __init__(self, text: TextStream, path: Sequence[str]) -> None:
        """`path`: names of what is around the records."""
        self._stream, self._path = text, path
        self._text, self._at, self._lines = "", 0, 0
        self._is_over = False
        self._seen: dict[str, None] = {}
        self._is_found = not path

    def records(self) -> Iterator[Found]:
        """All records, the broken ones as such.

        :raises FileError: reason "layout": it is no JSON, or nothing is at the path
        """
        first = self._next()
        if first and first not in "[{":
            raise FileError(
                "layout",
                "This is no JSON: it begins with '%(found)s', an object or a list was "
                "expected. Choose the layout that the file has.",
                self._text[self._at : self._at + 20].split("\n")[0],
            )
        while char := self._next():
            if char in ",]}":
                self._at += 1
                continue
            try:
                yield from self._values(self._path, 0)
            except Broken as broken:
                yield self._recover(broken)
            except Over:
                break
        if not self._is_found and self._seen:
            raise FileError(
                "layout",
                "Nothing is at '%(found)s', where the records should be. The file has: "
                "%(names)s. Correct the path of the records.",
                ".".join(self._path),
                names=", ".join(self._seen),
            )

    def _values(self, path: Sequence[str], depth: int) -> Iterator[Found]:
        """The records in the value that begins here."""
        char = self._next()
        if depth > MAX_DEPTH:
            raise Broken(self._at, "too many lists within one another")
        if char == "[":
            yield from self._in_list(path, depth)
        elif path and char == "{":
            yield from self._in_object(path, depth)
        elif path:
            self._decode()
            self._plain_values()
        else:
            yield self._record()

    def _in_list(self, path: Sequence[str], depth: int) -> Iterator[Found]:
        """The records in a list; a broken one does not keep the others."""
        self._is_found = self._is_found or not path
        self._at += 1
        while (char := self._next()) != "]":
            try:
                if not char:
                    raise Broken(self._at, "the file ends within a list")
                if char == ",":
                    self._at += 1
                elif char == "[" and not path and self._is_row():
                    yield self._record()
                else:
                    yield from self._values(path, depth + 1)
            except Broken as broken:
                yield self._recover(broken)
                if not self._next():
                    raise Over from None
        self._at += 1

    def _is_row(self) -> bool:
        """Whether the list that begins here is a record, not a list of records."""
        self._need(self._at + CUT)
        following = SPACE.match(self._text, self._at + 1)
        place = following.end() if following else self._at + 1
        return self._text[place : place + 1] not in ("{", "[", "]", "")

    def _in_object(self, path: Sequence[str], depth: int) -> Iterator[Found]:
        """The records in the value that an object has at the path."""
        self._at += 1
        while (char := self._next()) != "}":
            if char == ",":
                self._at += 1
                continue
            if char != '"':
                raise Broken(self._at, self._complaint("a name in quotes"))
            name, _ = self._decode()
            if self._next() != ":":
                raise Broken(self._at, self._complaint("a colon"))
            self._at += 1
            if name == path[0]:
                yield from self._at_path(path[1:], depth)
            else:
                self._pass(name)
        self._at += 1

    def _at_path(self, path: Sequence[str], depth: int) -> Iterator[Found]:
        """The records in the value of a name of the path."""
        is_record = not path and self._next() == "{"
        self._is_found = self._is_found or is_record
        if path or is_record or self._next() == "[":
            yield from self._values(path, depth + 1)
        else:  # null, where there are no records
            self._is_found = True
            self._decode()

    def _complaint(self, expected: str) -> str:
        """What is wrong at this place."""
        return f"{expected} was expected{self._where(self._at)}"

    def _where(self, at: int) -> str:
        """The line of a place."""
        return f", line {self._lines + self._text.count(chr(10), 0, at) + 1}"

    def _record(self) -> Found:
        """The value that begins here as a record."""
        value, raw = self._decode()
        if isinstance(value, dict | list) and value:
            return Found(value, raw[:MAX_RAW], len(raw))
        if not isinstance(value, dict | list):
            raw += self._plain_values()
        problem = ("syntax", f"{raw[:100]} is no object with values")
        return Found(None, raw[:MAX_RAW], len(raw), problem)

    def _plain_values(self) -> str:
        """Values in a row that are no objects, as one: their text, cut."""
        raw = ""
        while match := PLAIN_VALUE.match(self._text, self._at):
            raw += match[0] if len(raw) < MAX_RAW else ""
            self._at = match.end()
            self._need(self._at + MAX_RAW)
        return raw

    # === The buffer === #

    def _more(self) -> bool:
        """Read a block more; what is behind is forgotten. False at the end."""
        block = "" if self._is_over else self._stream.read()
        self._is_over = not block
        if block:
            self._forget()
            self._text += block
        return bool(block)

    def _forget(self) -> None:
        """Let go of what is behind."""
        self._lines += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :], 0

    def _need(self, end: int) -> None:
        """Have the buffer reach to a place, counted from where we are in it."""
        ahead = end - self._at
        while len(self._text) - self._at < ahead and self._more():
            pass

    def _next(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            match = SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _decode(self) -> tuple[Any, str]:
        """The value that begins here, and its text; goes behind it."""
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
                is_cut = end == len(self._text) and isinstance(value, str)
                broken = None
            except json.JSONDecodeError as error:
                is_cut = _is_cut(error, self._text)
                broken = Broken(error.pos, f"{error.msg}{self._where(error.pos)}")
            except RecursionError:
                place = self._deep()
                message = f"too many brackets within one another{self._where(place)}"
                raise Broken(place, message) from None
            has_room = len(self._text) - self._at <= MAX_RECORD
            if is_cut and has_room and self._more():
                continue
            if broken:
                is_big = is_cut and not has_room
                raise Broken(broken.at, "", "size") if is_big else broken
            raw = self._text[self._at : end]
            if len(raw) > MAX_RECORD:
                raise Broken(end - 1, "", "size")
            self._at = end
            return value, raw

    def _deep(self) -> int:
        """The place of a bracket that is too many."""
        place = self._at
        matches = OPENING.finditer(self._text, self._at)
        for _, match in zip(range(MAX_BRACKETS), matches, strict=False):
            place = match.end()
        return place

    def _pass(self, name: str) -> None:
        """Go behind the value of a name, however big it is."""
        if self._next() not in ("{", "["):
            self._decode()
            return
        if len(self._seen) < MAX_SEEN:
            self._seen[name[:100]] = None
        try:
            self._decode()
        except Broken:
            self._pass_brackets()

    def _pass_brackets(self) -> None:
        """Go behind a value that cannot be decoded as a whole."""
        depth = 0
        while True:
            match = TOKEN.search(self._text, self._at)
            self._at = match.start() if match else len(self._text)
            if match is None:
                if not self._more():
                    raise Broken(self._at, "the file ends within a value")
                continue
            if match[0] == '"':
                self._pass_string()
                continue
            count = len(match[0])
            is_end = match[0][0] in "]}" and count >= depth
            self._at += depth if is_end else count
            if is_end:
                return
            depth += count if match[0][0] in "[{" else -count

    def _pass_string(self) -> None:
        """Go behind a string."""
        while not (match := STRING.match(self._text, self._at)):
            is_long = len(self._text) - self._at > MAX_RECORD
            if is_long or not self._more():
                raise Broken(self._at, "a text without end", "syntax")
        self._at = match.end()

    # === Behind what is broken === #

    def _recover(self, broken: Broken) -> Found:
        """The broken record, which begins here; goes on where the next one seems to."""
        reach = max(broken.at - self._at, 1)
        if self._at > PIECE:
            self._forget()
        self._need(self._at + reach + MAX_RECORD)
        start, text = self._at, self._text
        is_found = self._resume(start + reach)
        raw = text[start : self._at if is_found else None][:MAX_RAW].rstrip()
        while not is_found:
            # A few characters stay: the next record may begin within them.
            self._at = max(self._at, len(self._text) - MAX_RAW)
            if not self._more():
                self._at = len(self._text)
                break
            is_found = self._resume(self._at)
        return Found(None, raw, len(raw), (broken.reason, broken.found))

    def _resume(self, at: int) -> bool:
        """Go to the next record from a place on; False where none begins."""
        line = self._text.rfind("\n", self._at + 1, at + 1)
        match = NEXT_LINE.search(self._text, line if line >= 0 else at)
        match = match or NEXT_OBJECT.search(self._text, at)
        if match:
            self._at = match.end()
        return match is not None


def _is_cut(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text may only lack what follows."""
    is_open = error.msg.startswith("Unterminated string")
    return is_open or error.pos >= len(text) - CUT
