# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A stream of bytes as lines: encodings, newlines, sizes, binary junk."""

import codecs
from dataclasses import dataclass, field
from typing import BinaryIO

from .exceptions import FileError

HEAD_BYTES = 256 * 1024
BLOCK_BYTES = 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
# What is kept of a line that is too long, and what the csv reader gets instead of a
# line with a problem: no blank line, no quotes.
KEPT_BYTES = 4_000
MARK = "\x1a\n"
# Share of control characters from which a file is no text, share of lines that do
# not decode from which the encoding is the wrong one.
MAX_CONTROL_SHARE = 0.04
MAX_UNDECODED_SHARE = 0.5
# Control characters but tab, newlines, form feed, end-of-file mark, escape.
CONTROL = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27}) + b"\x7f"
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
MAGIC = (
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
)
# Decodes what is UTF-8 as such and any other line by an encoding of single bytes:
# for files whose head is ASCII, so that it tells nothing.
UNDECIDED = "undecided"
SINGLE_BYTE = ("cp1252", "latin-1")


@dataclass
class Lines:
    """Decoded lines of a file, with their ends.

    :ivar texts: what the csv reader gets; a lone mark in place of a line with a problem
    :ivar raws: place -> text of lines that have a problem
    :ivar problems: place -> reason: "encoding" or "size"
    """

    texts: list[str]
    raws: dict[int, str] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)

    def raw(self, first: int, count: int) -> str:
        """The text of some lines as they stand in the file."""
        places = range(first, first + count)
        text = "".join(self.raws.get(place, self.texts[place]) for place in places)
        return text.rstrip("\r\n")

    def flag(self, place: int, reason: str, raw: str) -> None:
        """Take a line out of the reading, and keep why."""
        self.texts[place] = MARK
        self.raws[place] = raw.replace("\0", "\ufffd")
        self.problems[place] = reason


class LineSource:
    """Lines of a stream from a place on, taken in groups.

    :ivar offset: bytes ahead of the next line that `take` passes, from the stream's
        start (of the UTF-8 form where the encoding is one of wide characters)
    """

    def __init__(self, stream: "BinaryIO | Rewound | Transcoded", offset: int) -> None:
        """Lines from here on; `offset` says where that is."""
        self.offset = offset
        self._stream = stream
        self._lines: list[bytes] = []
        self._tail = b""
        self._cut = 0
        self._cuts: dict[int, int] = {}
        self._taken = 0
        self._is_over = False

    def peek(self, count: int) -> list[bytes]:
        """The next lines with their ends, fewer at the end of the file; they stay.

        A line of more than MAX_LINE_BYTES may be cut, but is still longer than that.
        """
        while len(self._lines) < count and not self._is_over:
            self._fill()
        return self._lines[:count]

    def take(self, count: int) -> None:
        """Go on behind the next lines."""
        taken = self._lines[:count]
        del self._lines[:count]
        self.offset += sum(map(len, taken))
        for place in list(self._cuts):
            if place < self._taken + len(taken):
                self.offset += self._cuts.pop(place)
        self._taken += len(taken)

    def _fill(self) -> None:
        """Read one more block."""
        block = self._stream.read(BLOCK_BYTES)
        self._is_over = not block
        lines = (self._tail + block).splitlines(keepends=True)
        tail = b""
        if lines and block and not lines[-1].endswith(b"\n"):
            # It may go on, and a \r may be half of a \r\n.
            tail = lines.pop()
        if lines and self._cut:
            self._cuts[self._taken + len(self._lines)] = self._cut
            self._cut = 0
        self._lines += lines
        self._tail = self._shortened(tail)

    def _shortened(self, tail: bytes) -> bytes:
        """An unfinished line, its middle left out where it is far too long."""
        if len(tail) <= 2 * MAX_LINE_BYTES:
            return tail
        self._cut += len(tail) - MAX_LINE_BYTES - 2
        return tail[: MAX_LINE_BYTES + 1] + tail[-1:]


class Rewound:
    """A stream whose first bytes have been read: gives them again, then the rest."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        """`head`: what has been read."""
        self._head = head
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
            return part
        return self._stream.read(size)


class Transcoded:
    """The UTF-8 form of a stream whose encoding has wide characters."""

    def __init__(self, stream: "BinaryIO | Rewound", encoding: str) -> None:
        """`encoding`: UTF-16, UTF-32 and the like."""
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._is_start = True
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        while not self._ready:
            block = self._stream.read(BLOCK_BYTES)
            text = _decode_wide(self._decoder, block)
            if text and self._is_start:
                text, self._is_start = text.removeprefix("\ufeff"), False
            self._ready = text.encode("utf-8", errors="replace")
            if not block:
                break
        part, self._ready = self._ready[:size], self._ready[size:]
        return part


def _decode_wide(decoder: codecs.IncrementalDecoder, block: bytes) -> str:
    """Text of the next block; FileError where nothing says which byte is first."""
    try:
        return decoder.decode(block, final=not block)
    except UnicodeError as error:
        text = "%(error)s: choose utf-16-le or the like."
        mark = "no byte order mark"
        raise FileError("encoding", text, mark, error=error) from error


def open_lines(stream: BinaryIO, wanted: str) -> tuple[LineSource, str]:
    """Lines of a file from its start, and the encoding to decode them by.

    :param wanted: "auto" or a Python codec
    :raises FileError: binary junk, or text in an encoding that is plainly another
    """
    go_to(stream, 0)
    head = read_head(stream)
    encoding, bom = detect(head, wanted)
    rewound = Rewound(head, stream)
    if is_wide(encoding):
        return LineSource(Transcoded(rewound, encoding), 0), encoding
    rewound.read(bom)
    return LineSource(rewound, bom), encoding


def resume_lines(stream: BinaryIO, encoding: str, offset: int) -> LineSource:
    """Lines of a file from where a reading ended, `offset` bytes on."""
    if not is_wide(encoding):
        go_to(stream, offset)
        return LineSource(stream, offset)
    go_to(stream, 0)
    transcoded = Transcoded(stream, encoding)
    _skip(transcoded, offset)
    return LineSource(transcoded, offset)


def decode_lines(lines: list[bytes], encoding: str) -> Lines:
    """Lines of bytes as text; those that do not decode or are too long are flagged."""
    wide = is_wide(encoding)
    codec = "utf-8" if wide or encoding == UNDECIDED else encoding
    is_fit = max(map(len, lines), default=0) <= MAX_LINE_BYTES
    if is_fit and not wide and b"\0" not in b"".join(lines):
        try:
            return Lines([str(line, codec) for line in lines])
        except UnicodeDecodeError:
            pass
    decoded = Lines([""] * len(lines))
    for place, line in enumerate(lines):
        text = _decode(line, codec, encoding == UNDECIDED)
        decoded.texts[place] = text or ""
        if len(line) > MAX_LINE_BYTES:
            kept = line[:KEPT_BYTES].decode(codec, errors="replace")
            decoded.flag(place, "size", kept)
        elif text is None or "\0" in text or (wide and "\ufffd" in text):
            kept = line.decode(codec, errors="backslashreplace")
            decoded.flag(place, "encoding", kept)
    return decoded


def _decode(line: bytes, codec: str, is_undecided: bool) -> str | None:
    """One line as text; None where it does not decode."""
    for name in (codec, *(SINGLE_BYTE if is_undecided else ())):
        try:
            return line.decode(name)
        except UnicodeDecodeError:
            continue
    return None


def is_wide(encoding: str) -> bool:
    """Whether an encoding writes newlines otherwise than ASCII does."""
    return encoding != UNDECIDED and "\r\n".encode(encoding) != b"\r\n"


def detect(head: bytes, wanted: str) -> tuple[str, int]:
    """The encoding of a file, and the bytes of its byte order mark to leave out.

    :param head: its first bytes
    :param wanted: "auto" or a Python codec
    :raises FileError: reason "binary" or "encoding"
    """
    if len(head) >= HEAD_BYTES:
        # The last line may be cut, within a character even.
        head = head[: head.rfind(b"\n") + 1] or head
    mark, marked = next(((m, e) for m, e in BOMS if head.startswith(m)), (b"", ""))
    name = marked or wanted
    if wanted != "auto" and marked != "utf-8":
        name = "utf-8" if wanted == "utf-8-sig" else wanted
    if name == "auto":
        _check_text(head)
        return _guess(head), 0
    _check_encoding(head, name)
    return name, len(mark) if name == "utf-8" else 0


def _guess(head: bytes) -> str:
    """The encoding of text without a byte order mark."""
    if head.isascii():
        return UNDECIDED
    lines = [line for line in head.splitlines() if not line.isascii()]
    good = sum(_decode(line, "utf-8", False) is not None for line in lines)
    if 2 * good >= len(lines):
        return "utf-8"
    return "cp1252" if _decode(head, "cp1252", False) is not None else "latin-1"


def _check_encoding(head: bytes, encoding: str) -> None:
    """FileError where a head plainly is not in the encoding that was asked for."""
    if is_wide(encoding):
        text = _decode_wide(codecs.getincrementaldecoder(encoding)("replace"), head)
        bad, count = text.count("\ufffd"), len(text)
        _check_text(text.encode("utf-8", errors="replace"))
    else:
        _check_text(head)
        lines = head.splitlines()
        bad = sum(_decode(line, encoding, False) is None for line in lines)
        count = len(lines)
    if count > 1 and bad > count * MAX_UNDECODED_SHARE:
        raise FileError(
            "encoding",
            "%(bad)s of the first %(count)s lines or characters are not %(found)s: "
            "choose 'auto' or the encoding that the file is written in.",
            encoding,
            bad=bad,
            count=count,
        )


def _check_text(head: bytes) -> None:
    """FileError where a head is no text."""
    control = len(head) - len(head.translate(None, CONTROL))
    kind = next((name for magic, name in MAGIC if head.startswith(magic)), "")
    if not kind and control <= len(head) * MAX_CONTROL_SHARE:
        return
    if not kind and head.count(0) > len(head) // 5:
        kind = "perhaps UTF-16 without a byte order mark: try that encoding"
    if kind:
        text = "This is no text file (%(kind)s)."
        raise FileError("binary", text, kind, kind={"text": kind})
    found = f"{control} control characters in {len(head)} bytes"
    raise FileError("binary", "This is no text file.", found)


def read_head(stream: BinaryIO) -> bytes:
    """The first bytes, up to HEAD_BYTES."""
    head = b""
    while len(head) < HEAD_BYTES:
        block = stream.read(HEAD_BYTES - len(head))
        if not block:
            break
        head += block
    return head


def go_to(stream: BinaryIO, offset: int) -> None:
    """Go to a place in a stream: by seeking, or by reading where it cannot seek."""
    if stream.seekable():
        stream.seek(offset)
    else:
        _skip(stream, offset)


def _skip(stream: "BinaryIO | Transcoded", count: int) -> None:
    """Read over some bytes."""
    while count:
        block = stream.read(min(count, BLOCK_BYTES))
        if not block:
            return
        count -= len(block)
