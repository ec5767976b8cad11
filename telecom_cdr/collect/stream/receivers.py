# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From a PBX to the spool: one receiver a source, each a thread of its own."""

import logging
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress

from ..contract import CollectError
from .settings import StreamSettings
from .spool import Spool

_logger = logging.getLogger(__name__)

BLOCK = 65_536
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until the next try; each try that fails doubles them."""


class Receiver(ABC):
    """Takes the bytes of one source, until it is stopped, whatever happens.

    :ivar problem: what keeps bytes from coming right now, or None
    :ivar last_bytes_at: epoch seconds at which bytes came last; 0: none yet
    """

    def __init__(self, settings: StreamSettings, spool: Spool) -> None:
        self.settings = settings
        self.spool = spool
        self.problem: CollectError | None = None
        self.last_bytes_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, beside the caller."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until the last bytes are in the spool."""
        self._stop.set()
        self._thread.join(timeout=30)

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stop.is_set()

    def _run(self) -> None:
        """Try again and again, at growing intervals while nothing comes."""
        pause = FIRST_PAUSE
        self._recover()
        while not self.is_stopping:
            before = self.last_bytes_at
            try:
                self._receive()
            except CollectError as error:
                self._set_problem(error)
            except OSError as error:
                self._set_problem(broken(error))
            if self.last_bytes_at > before:
                pause = FIRST_PAUSE
            self._stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _recover(self) -> None:
        """End what a process that died left in the spool."""
        self.spool.recover()

    def _set_problem(self, error: CollectError) -> None:
        if not self.is_stopping:
            self.problem = error
            _logger.warning("A stream is away: %s", error.found)

    def _keep(self, strand, data: bytes) -> None:
        """Bytes to the disk; only then do they count as received."""
        strand.append(data)
        self.last_bytes_at = time.time()
        self.problem = None

    @abstractmethod
    def _receive(self) -> None:
        """Connect, and take bytes until the connection ends.

        :raises CollectError: where there is no way in
        :raises OSError: where the connection breaks or the disk is full
        """


def broken(error: OSError) -> CollectError:
    """The error for a connection, or a disk, that failed in the middle."""
    what = "the connection or the disk failed: %(problem)s"
    problem = error.strerror or str(error)
    return CollectError("transfer", what, problem=problem)


def shut(connection) -> None:
    """Close a socket or a line, whatever state it is in."""
    with suppress(OSError):
        connection.close()
