# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the pieces that a spool ends to files that are whole by themselves.

The format knows which lines wait for further ones (parsers/parting.py). These are kept
beside the spool's pieces, and stand ahead of what comes next. What becomes of a piece
is on the disk before a file is handed over, so that whoever dies in between hands over
the very same file again, under the same key, and keeps the very same lines.
"""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from .spool import LARGEST, Spool, SpoolFile

SHARES = "shares.json"
# After so many seconds lines of a new connection do not go on where another ended.
LONGEST_BREAK = 3600.0


class Line(NamedTuple):
    """A line that waits, or stands ahead of those that do.

    :ivar came: epoch seconds
    :ivar is_again: it was handed over already, and is repeated for what follows
    """

    text: bytes
    came: float
    is_again: bool = False


Part = Callable[[list[bytes], list[float]], tuple[list[int], list[int], set[int]]]
"""From lines, and how many minutes ago each came, to places of those that are whole by
themselves, of those that must stand ahead of what follows, and which of these are in
the whole as well: see `parsers.parting.Parts`."""


@dataclass(frozen=True)
class Parting:
    """How the lines of a source are parted.

    :ivar can_be_joined: lines of one connection may go on behind those of another
    """

    part: Part
    can_be_joined: bool = True


@dataclass(frozen=True)
class Share:
    """A file that can be taken over, and is whole by itself.

    :ivar key: tells it from any other of this spool, also after a crash
    """

    key: str
    name: str
    content: bytes
    done: Callable[[], None]
    is_partial: bool = False

    def open(self) -> io.BytesIO:
        """Its bytes."""
        return io.BytesIO(self.content)

    def remove(self) -> None:
        """Take it away: its bytes are stored elsewhere."""
        self.done()


class Shares:
    """The shares of a spool."""

    def __init__(
        self, spool: Spool, parting: Parting | None, largest: int = LARGEST
    ) -> None:
        """Begin where the last one ended.

        :param parting: None: each piece of the spool is a file, as it is
        :param largest: bytes from which lines wait no more
        """
        self.spool = spool
        self.parting = parting
        self.largest = largest
        # "plan": the share that is being handed over; "used": names of pieces that are
        # used up; by origin: "rest" (lines), "strand", "last" (when its piece began).
        self._state: dict[str, Any] = spool.read_state(SHARES)
        self._state.setdefault("origins", {})

    def files(self, now: float) -> Iterator[Share | SpoolFile]:
        """What can be taken over; each to be removed before the next is asked for.

        :param now: epoch seconds
        """
        if plan := self._state.get("plan"):
            yield self._share(plan)
        self._clear()
        files = self.spool.hand_over()
        whole = [file for file in files if not file.is_partial]
        origins = {file.origin for file in whole} | set(self._state["origins"])
        for origin in sorted(origins):
            own = [file for file in whole if file.origin == origin]
            for strand in self._strands(own):
                yield from self._of_strand(origin, strand, now)
            yield from self._of_rest(origin, now)
        yield from (file for file in files if file.is_partial)

    def _strands(self, files: list[SpoolFile]) -> Iterator[list[SpoolFile]]:
        """Pieces that are taken together: of one connection, not too many bytes."""
        if self.parting is None:
            yield from ([file] for file in files)
            return
        for _strand, own in groupby(files, lambda file: file.strand):
            bunch, size = [], 0
            for file in own:
                bunch.append(file)
                size += file.path.stat().st_size
                if size >= self.largest:
                    yield bunch
                    bunch, size = [], 0
            if bunch:
                yield bunch

    # === WHAT BECOMES OF LINES === #

    def _of_strand(
        self, origin: str, files: list[SpoolFile], now: float
    ) -> Iterator[Share]:
        """The shares of pieces of one connection, behind the lines that wait."""
        new = [line for file in files for line in _lines(file)]
        rest = self._rest(origin)
        if rest and not self._goes_on(origin, rest, files[0], new):
            yield from self._hand(origin, rest, [], [], None)
            rest = []
        yield from self._parted(origin, rest + new, files, now)

    def _of_rest(self, origin: str, now: float) -> Iterator[Share]:
        """The share of the lines that have waited for too long."""
        rest = self._rest(origin)
        if any(not line.is_again for line in rest):
            yield from self._parted(origin, rest, [], now)

    def _parted(
        self, origin: str, lines: list[Line], files: list[SpoolFile], now: float
    ) -> Iterator[Share]:
        last = files[-1] if files else None
        if self.parting is None:
            yield from self._hand(origin, lines, [], files, last)
            return
        size = sum(len(line.text) for line in lines)
        ages = [(now - line.came) / 60 for line in lines]
        if size > 2 * self.largest:
            ages = [math.inf] * len(lines)
        whole, rest, again = self.parting.part([line.text for line in lines], ages)
        kept = [lines[place]._replace(is_again=place in again) for place in rest]
        yield from self._hand(origin, [lines[n] for n in whole], kept, files, last)

    def _goes_on(
        self, origin: str, rest: list[Line], file: SpoolFile, new: list[Line]
    ) -> bool:
        """Whether lines may go on behind those that wait.

        Not where a new connection brings some of them again: a PBX that repeats what it
        sent. In two files they are known as the same, in one they would count twice.
        """
        before = self._state["origins"][origin]
        if self.parting is None:
            return False
        if file.strand == before["strand"]:
            return True
        known = {line.text.strip() for line in rest if not line.is_again} - {b""}
        is_near = file.began - before["last"] <= LONGEST_BREAK
        is_new = known.isdisjoint(line.text.strip() for line in new)
        return self.parting.can_be_joined and is_near and is_new

    # === WHAT IS ON THE DISK === #

    def _rest(self, origin: str) -> list[Line]:
        found = self._state["origins"].get(origin, {}).get("rest", [])
        return [Line(text.encode("latin-1"), *others) for text, *others in found]

    def _hand(
        self,
        origin: str,
        whole: list[Line],
        rest: list[Line],
        files: list[SpoolFile],
        last: SpoolFile | None,
    ) -> Iterator[Share]:
        """Keep what becomes of pieces; the share where there is one."""
        before = self._state["origins"].get(origin, {})
        after = {
            "rest": [(line.text.decode("latin-1"), *line[1:]) for line in rest],
            "strand": last.strand if last else before.get("strand", ""),
            "last": last.began if last else before.get("last", 0),
        }
        key = self.spool.new_name()
        plan = {
            "key": key,
            "name": files[0].name if files else key,
            "content": b"".join(_ended(whole)).decode("latin-1"),
            "origin": origin,
            "used": [file.path.name for file in files],
            "after": after,
        }
        if all(line.is_again for line in whole):
            self._finish(plan)
            return
        self._state["plan"] = plan
        self._keep()
        yield self._share(plan)

    def _share(self, plan: dict[str, Any]) -> Share:
        """The share that was planned: the same bytes whenever it is asked for."""
        content = plan["content"].encode("latin-1")
        return Share(plan["key"], plan["name"], content, lambda: self._finish(plan))

    def _finish(self, plan: dict[str, Any]) -> None:
        """Note that a share is stored, then take away what it has used up."""
        self._state["used"] = plan["used"]
        self._state["origins"][plan["origin"]] = plan["after"]
        if not plan["after"]["rest"]:
            del self._state["origins"][plan["origin"]]
        self._state.pop("plan", None)
        self._keep()
        self._clear()

    def _clear(self) -> None:
        """Take pieces away that are used up."""
        for name in self._state.get("used", []):
            self.spool.remove(name)

    def _keep(self) -> None:
        self.spool.write_state(self._state, SHARES)


def _lines(file: SpoolFile) -> list[Line]:
    """The lines of a piece."""
    with file.open() as stream:
        data = stream.read()
    return [Line(text, file.began) for text in data.splitlines(keepends=True)]


def _ended(lines: list[Line]) -> Iterator[bytes]:
    """Lines, each behind the end of the one before."""
    for place, line in enumerate(lines, 1):
        is_ended = place == len(lines) or line.text.endswith((b"\n", b"\r"))
        yield line.text if is_ended else line.text + b"\n"
