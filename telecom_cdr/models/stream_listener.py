# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The work of the command telecom_listen: from receivers to a database."""

import json
import logging
import threading
import time
from pathlib import Path

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.sql_db import PoolError

from ..collect.stream import Shares, Spool, StreamSettings, open_receiver
from ..collect.stream.spool import SpoolBusy

_logger = logging.getLogger(__name__)

AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError, PoolError)
SOURCES = "sources.json"


class StreamListener:
    """Receives the lines of a database's sources, and hands them over at an interval.

    What comes is on the disk before anything else happens, so a database that is away
    only makes files wait there. Without it the settings known last are used.
    """

    def __init__(
        self,
        database: str,
        spool: Path,
        interval: float = 60.0,
        only: tuple[int, ...] = (),
    ) -> None:
        """Make one; :meth:`run` begins.

        :param spool: the folder for all spools of this database
        :param interval: seconds between two times of handing over
        :param only: ids of sources; none: all sources of streams
        """
        self.database = database
        self.folder = spool / database
        self.interval = interval
        self.only = only
        self.stop = threading.Event()
        self._running: dict[int, tuple[StreamSettings, Spool, object]] = {}

    def run(self) -> None:
        """Work until `stop` is set; then end every receiver and hand over the rest."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._arrange(self._settings_on_disk())
        try:
            while not self.stop.is_set():
                self.hand_over()
                self.stop.wait(self.interval)
        finally:
            for source_id in list(self._running):
                self._running[source_id][2].stop()
            self.hand_over(is_end=True)
            for source_id in list(self._running):
                self._running.pop(source_id)[1].close()

    def hand_over(self, is_end: bool = False) -> None:
        """Give the database what came, and take from it what its sources say now."""
        try:
            registry = Registry(self.database).check_signaling()
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                sources = self._sources(env)
                if not is_end:
                    self._arrange({s.id: s._stream_settings() for s in sources})
                    self._keep_settings()
                for source in sources:
                    self._hand_over_source(source, is_end)
        except AWAY as error:
            _logger.warning("The database is away, the spool waits: %s", error)

    def _sources(self, env):
        domain = [("protocol", "=", "stream")]
        if self.only:
            domain.append(("id", "in", self.only))
        return env["telecom.source"].search(domain, order="id")

    def _hand_over_source(self, source, is_end):
        if source.id not in self._running:
            return
        _settings, spool, receiver = self._running[source.id]
        try:
            for file in Shares(spool, source._stream_parting()).files(time.time()):
                source._take_over(file)
                source.env.cr.commit()  # pylint: disable=invalid-commit
                file.remove()
            if not is_end:
                source._show_stream(receiver.problem)
            source.env.cr.commit()  # pylint: disable=invalid-commit
        except AWAY:
            raise
        except Exception:
            # One source must not keep the others from being heard.
            source.env.cr.rollback()
            _logger.exception("Lines of source %s wait in the spool", source.id)

    # === RECEIVERS === #

    def _arrange(self, wanted: dict[int, StreamSettings]) -> None:
        """Start, stop and restart receivers, so that they are as the settings say."""
        for source_id, (settings, spool, receiver) in list(self._running.items()):
            if wanted.get(source_id) != settings:
                receiver.stop()
                spool.close()
                del self._running[source_id]
        for source_id in wanted.keys() - self._running.keys():
            self._start(source_id, wanted[source_id])

    def _start(self, source_id: int, settings: StreamSettings) -> None:
        try:
            spool = Spool(self.folder / str(source_id))
        except SpoolBusy as error:
            _logger.error("Another listener has source %s: %s", source_id, error)
            return
        receiver = open_receiver(settings, spool)
        receiver.start()
        self._running[source_id] = (settings, spool, receiver)

    def _keep_settings(self) -> None:
        """Keep what is needed to begin without the database; never a password."""
        known = {
            source_id: settings.without_secrets()
            for source_id, (settings, _spool, _receiver) in self._running.items()
            if not settings.password
        }
        new = self.folder / f"{SOURCES}.new"
        new.write_text(json.dumps(known))
        new.replace(self.folder / SOURCES)

    def _settings_on_disk(self) -> dict[int, StreamSettings]:
        try:
            known = json.loads((self.folder / SOURCES).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {
            int(source_id): StreamSettings.of(values)
            for source_id, values in known.items()
            if not self.only or int(source_id) in self.only
        }
