# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""XML: one call or many in a file, also several documents one behind the other.

Read block by block by expat; one record at a time is in memory. Entities of a file's
own are refused, nothing is ever fetched. A record that is broken is given as such, and
the reading goes on with the next one.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pyexpat import errors
from typing import Any
from xml.parsers import expat

from ..exceptions import FileError
from .contract import MAX_RAW, Problem
from .keys import path_parts
from .nested import Found, NestedSource
from .stream import MAX_RECORD, TextStream

# Bytes that the parser gets at a time: what it leaves for the next time is read again.
PIECE = 64 * 1024
HEAD = 4 * PIECE
MAX_DEPTH = 100
MAX_CELLS = 20_000
# What may follow a document that is whole: another one.
NEXT_DOCUMENT = (
    errors.codes[errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT],
    errors.codes[errors.XML_ERROR_MISPLACED_XML_PI],
)
MAX_TAG = 1_000


class XmlSource(NestedSource):
    """A file of XML."""

    def _find(self, text: TextStream) -> Iterator[Found]:
        """The records at the format's path."""
        names = {self._path(name)[0] for name in self._wanted}
        return XmlReader(text, path_parts(self._spec.record_path), names).records()

    def _path(self, name: str) -> list[str]:
        """A column's path: the first of several elements has no number."""
        return [".".join(part for part in name.split(".") if part != "0")]


class Refused(Exception):
    """A record, or what is around it, that has more than anybody needs."""

    def __init__(self, reason: str, found: str) -> None:
        """`reason`: as in a problem."""
        super().__init__(found)
        self.reason, self.found = reason, found


class Element:
    """What is known of an element until it ends."""

    __slots__ = ("counts", "path", "texts")

    def __init__(self, path: str) -> None:
        """`path`: from the record on."""
        self.path = path
        self.texts: list[str] = []
        self.counts: dict[str, int] = {}


class XmlReader:
    """Finds the records of a text."""

    def __init__(self, text: TextStream, path: Sequence[str], names: set[str]) -> None:
        """What to look for.

        :param path: the last names of a record's path from the root on; where it is
            empty, the root is a record if it holds what the format needs, else its
            children are
        :param names: what the format needs
        """
        self._text, self._record_path, self._needed = text, list(path), names
        self._depth = 0
        self._found: list[Found] = []
        # What was fed and is still needed, and the bytes and lines ahead of it.
        self._window, self._base, self._lines = b"", 0, 0
        # The record: its tag, those around it, where it begins, what it holds.
        self._tag = ""
        self._parents: list[str] = []
        self._begin, self._size = 0, 0
        self._cells: dict[str, str] = {}
        self._problem: Problem | None = None
        self._start_parser(0)

    def _start_parser(self, offset: int) -> None:
        """Read what follows as a document; `offset`: bytes ahead of it."""
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = self._on_text
        self._parser.EntityDeclHandler = self._on_entity
        self._offset, self._is_lost = offset, False
        self._stack: list[str] = []
        self._open: list[Element] = []
        self._head = b""

    def records(self) -> Iterator[Found]:
        """All records, the broken ones as such.

        :raises FileError: reason "layout": it is no XML, or declares entities
        """
        block = self._text.read()
        if not block.strip():
            return
        if not block.lstrip().startswith("<"):
            raise FileError(
                "layout",
                "This is no XML: it begins with '%(found)s', '<' was expected. Choose "
                "the layout that the file has.",
                block.lstrip()[:20].split("\n")[0],
            )
        if not self._record_path:
            self._depth = 1 if self._is_root(block[:HEAD].encode()) else 2
        while block:
            data = block.encode("utf-8", "replace")
            for first in range(0, len(data), PIECE):
                self._feed(data[first : first + PIECE], False)
                yield from self._taken()
            block = self._text.read()
        self._feed(b"", True)
        yield from self._taken()

    def _taken(self) -> list[Found]:
        """The records found by now, once."""
        found, self._found = self._found, []
        return found

    def _is_root(self, head: bytes) -> bool:
        """Whether the root holds what the format needs, as far as a head shows."""
        probe = XmlReader(self._text, [], set())
        probe._depth = 1
        with suppress(expat.ExpatError, Refused):
            probe._parser.Parse(head, False)
        return not self._needed.isdisjoint(probe._cells)

    # === Feeding === #

    def _feed(self, data: bytes, is_last: bool) -> None:
        """Give the parser some bytes more; go on behind what is broken."""
        self._window += data
        if self._is_lost:
            data = self._seek(self._base)
        while not self._is_lost:
            try:
                self._parser.Parse(data, is_last)
                self._check_progress()
            except expat.ExpatError as error:
                at = self._offset + self._parser.ErrorByteIndex
                data = self._go_on(at, error.code)
            except Refused as refused:
                at = self._offset + self._parser.CurrentByteIndex
                data = self._recover(at, refused.reason, refused.found)
            else:
                self._forget()
                return

    def _go_on(self, at: int, code: int) -> bytes:
        """What to read next where the parser gave up: perhaps another document."""
        if self._stack or code not in NEXT_DOCUMENT:
            return self._recover(at, "syntax", expat.ErrorString(code))
        rest = self._rest(at)
        if not rest.lstrip().startswith(b"<"):
            return self._recover(at, "syntax", expat.ErrorString(code))
        self._start_parser(self._base + len(self._window) - len(rest.lstrip()))
        return rest.lstrip()

    def _check_progress(self) -> None:
        """Refuse a mark-up that does not end: it would be read again and again."""
        fed = self._base + len(self._window)
        if fed - self._behind() > 2 * MAX_RECORD:
            raise Refused("size", "")

    def _behind(self) -> int:
        """The byte up to which all was understood."""
        return self._offset + max(self._parser.CurrentByteIndex, 0)

    def _rest(self, at: int) -> bytes:
        """What was fed from a byte on."""
        return self._window[max(at - self._base, 0) :]

    def _forget(self) -> None:
        """Let go of bytes that nothing needs any more."""
        behind = self._behind()
        if self._open and not self._head and behind - self._begin > MAX_RECORD:
            self._head = self._rest(self._begin)[:MAX_RAW]
            self._problem = ("size", "")
        self._cut(self._begin if self._open and not self._head else behind)

    def _cut(self, at: int) -> None:
        """Let go of the bytes ahead of one."""
        count = max(at - self._base, 0)
        self._lines += self._window.count(b"\n", 0, count)
        self._window = self._window[count:]
        self._base += count

    # === Behind what is broken === #

    def _recover(self, at: int, reason: str, found: str) -> bytes:
        """Tell what is broken, and begin with the next record; gives its bytes."""
        line = self._lines + self._window.count(b"\n", 0, max(at - self._base, 0)) + 1
        start = self._begin if self._open else at
        raw = self._head or self._rest(start)[:MAX_RAW]
        text = raw.decode("utf-8", "replace").strip()
        told = f"{found}, line {line}" if found else ""
        self._found.append(Found(None, text, len(raw), (reason, told)))
        self._is_lost = True
        return self._seek(max(at, start + 1))

    def _seek(self, at: int) -> bytes:
        """Find the next record from a byte on; gives its bytes, perhaps none."""
        tag = self._tag or "".join(self._record_path[-1:])
        name = re.escape(tag.encode())
        match = re.search(rb"<" + name + rb"[\s/>]", self._rest(at)) if tag else None
        if match is None:
            # A few bytes stay: the next record may begin within them.
            self._cut(max(at, self._base + len(self._window) - MAX_TAG))
            return b""
        self._cut(max(at, self._base) + match.start())
        around = "".join(f"<{name}>" for name in self._parents).encode()
        self._start_parser(self._base - len(around))
        return around + self._window

    # === Handlers of the parser === #

    def _on_entity(self, name: str, *_: Any) -> None:
        """Entities of a file's own are never what a record of calls needs."""
        if self._offset:
            raise Refused("syntax", f"the entity '{name[:100]}' is declared")
        raise FileError(
            "layout",
            "The file declares the entity '%(found)s'. Files with entities of their "
            "own are not read: they could grow without end.",
            name[:100],
        )

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.rpartition(":")[2]
        self._stack.append(tag)
        if len(self._stack) > MAX_DEPTH:
            raise Refused("syntax", "too many elements within one another")
        if self._open:
            above = self._open[-1]
            number = above.counts.get(name, 0)
            above.counts[name] = number + 1
            step = f"{name}.{number}" if number else name
            element = Element(f"{above.path}.{step}" if above.path else step)
        elif self._is_record():
            element = self._begin_record(tag)
        else:
            return
        self._open.append(element)
        for key, value in attributes.items():
            self._keep(element, f"@{key.rpartition(':')[2]}", value)

    def _is_record(self) -> bool:
        """Whether the element that begins is a record."""
        if not self._record_path:
            return len(self._stack) == self._depth
        names = [tag.rpartition(":")[2] for tag in self._stack]
        return names[-len(self._record_path) :] == self._record_path

    def _begin_record(self, tag: str) -> Element:
        """A record begins."""
        self._cells, self._size, self._problem, self._head = {}, 0, None, b""
        self._begin = self._offset + self._parser.CurrentByteIndex
        self._tag, self._parents = tag, self._stack[:-1]
        return Element("")

    def _keep(self, element: Element, name: str, value: str) -> None:
        """Keep a value of the record, unless it is too big by now."""
        self._size += len(name) + len(value)
        if self._size > MAX_RECORD or len(self._cells) > MAX_CELLS:
            self._problem, self._cells = ("size", ""), {}
        elif value.strip():
            path = ".".join(filter(None, (element.path, name)))
            self._cells.setdefault(path, value.strip())

    def _on_text(self, text: str) -> None:
        """Text within an element."""
        if self._open and self._problem is None:
            self._size += len(text)
            if self._size > MAX_RECORD:
                self._problem, self._cells = ("size", ""), {}
            else:
                self._open[-1].texts.append(text)

    def _on_end(self, _tag: str) -> None:
        """An element ends, perhaps the record."""
        self._stack.pop()
        if not self._open:
            return
        element = self._open.pop()
        self._keep(element, "", "".join(element.texts))
        if not self._open:
            self._end_record(self._offset + self._parser.CurrentByteIndex)

    def _end_record(self, end: int) -> None:
        """Pass the record on; `end`: where its last tag begins, its only one ends."""
        begin, last = max(self._begin - self._base, 0), max(end - self._base, 0)
        raw = self._window[begin:last]
        if raw.count(b"<") != 1 or not raw.endswith(b"/>"):
            raw = self._window[begin : self._window.find(b">", last) + 1]
        text = (self._head or raw[:MAX_RAW]).decode("utf-8", "replace")
        size = end - self._begin + len(text)
        self._found.append(Found(self._cells, text, size, self._problem))
