# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""`odoo telecom_listen -d DATABASE`: receive the lines that PBXs send."""

import logging
import optparse
import signal
import sys
from pathlib import Path

from odoo.cli import Command
from odoo.tools import config

_logger = logging.getLogger(__name__)

INTERVAL = 60.0


class TelecomListen(Command):
    """Receive the lines of PBXs (SMDR) over TCP, a serial line or from a log file.

    Every byte is first written to a spool on disk; at an interval what came is handed
    over to the database as received files of the sources whose protocol is "stream".
    Runs until it is ended by SIGTERM or Ctrl+C.
    """

    name = "telecom_listen"

    def run(self, args):
        """Begin, and stay until somebody ends it."""
        config.parser.prog = self.prog
        config.parser.add_option_group(self._options())
        config.parse_config(args, setup_logging=True)
        database = self._database()
        # Odoo must be set up before the addon's code. Commands are loaded apart from
        # their addon, so that nothing is relative to this file.
        # pylint: disable=odoo-addons-relative-import
        from odoo.addons.telecom_cdr.models import stream_listener  # noqa: PLC0415

        options = config.options
        spool = options.get("listen_spool") or Path(config["data_dir"], "telecom_spool")
        listener = stream_listener.StreamListener(
            database,
            Path(spool),
            interval=options.get("listen_interval") or INTERVAL,
            only=self._sources(options.get("listen_source") or ""),
        )
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: listener.stop.set())
        _logger.info("Listening for %s, spool in %s", database, listener.folder)
        listener.run()

    def _options(self):
        group = optparse.OptionGroup(config.parser, "Listener")
        group.add_option(
            "--spool",
            dest="listen_spool",
            my_default="",
            help="folder that keeps what came until it is stored "
            "(default: telecom_spool in Odoo's data directory)",
        )
        group.add_option(
            "--interval",
            dest="listen_interval",
            type="float",
            my_default=INTERVAL,
            help="seconds between two times of handing over (default: 60)",
        )
        group.add_option(
            "--source",
            dest="listen_source",
            my_default="",
            help="only these sources (their ids, with commas)",
        )
        return group

    def _sources(self, given):
        ids = [text.strip() for text in given.split(",") if text.strip()]
        if not all(text.isdecimal() for text in ids):
            sys.exit("--source takes ids of sources, with commas: 12,13")
        return tuple(map(int, ids))

    def _database(self):
        names = config["db_name"]
        if len(names) != 1:
            sys.exit("Give one database: odoo telecom_listen -d DATABASE")
        return names[0]
