# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..collect.stream import Parting
from ..collect.stream.settings import MODES, StreamSettings, read_networks
from ..parsers.exceptions import FormatError
from ..parsers.parting import can_be_joined, needs_parting, part_lines
from ..parsers.reader import ReadContext

HELD = "The connection ended in the middle of a line: its end never came"
AWAY = (
    "Lines cannot be received: %(found)s. Look at the settings and at the PBX; the "
    "listener tries again by itself."
)
# What each mode cannot do without.
NEEDED = {
    "server": ("port",),
    "client": ("host", "port"),
    "serial": ("stream_device", "stream_line"),
    "follow": ("stream_path",),
}
LARGEST_PORT = 65535
# The listener looks in every minute or so: after this it must be down.
SILENT_MINUTES = 5


class TelecomSourceStreamMixin(models.AbstractModel):
    """Sources whose lines a PBX sends as it writes them: see cli/telecom_listen.py."""

    _name = "telecom.source.stream.mixin"
    _description = "Source of a stream of lines"

    stream_mode = fields.Selection(
        [
            ("server", "The PBX connects to us (TCP)"),
            ("client", "We connect to the PBX (TCP)"),
            ("serial", "A serial line"),
            ("follow", "A log file on this machine"),
        ],
        default="server",
        string="How the lines come",
    )
    stream_allowed = fields.Char(
        string="Allowed addresses",
        help="Who may connect: addresses and networks, parted by blanks, such as "
        "192.0.2.10 198.51.100.0/24. Empty: only this machine.",
    )
    stream_device = fields.Char(
        string="Device", help="Of the serial line, such as /dev/ttyUSB0."
    )
    stream_line = fields.Char(
        string="Line",
        default="9600 8N1",
        help="Speed, bits, parity (N, E, O) and stop bits, as set in the PBX.",
    )
    stream_path = fields.Char(
        string="Log file",
        help="Followed through its rotation; files that it was renamed to are finished "
        "while they stay beside it.",
    )
    stream_tail_is_line = fields.Boolean(
        string="The last line may end with the connection",
        help="Off: what stands behind the last line's end when a connection ends waits "
        "as a held file, since it may be half a line.",
    )
    stream_seen_at = fields.Datetime(
        string="Listener seen", readonly=True, copy=False, groups="base.group_user"
    )
    stream_is_away = fields.Boolean(
        string="Receiver is away", compute="_compute_stream_is_away"
    )

    @api.depends("stream_seen_at", "protocol")
    def _compute_stream_is_away(self):
        limit = fields.Datetime.subtract(fields.Datetime.now(), minutes=SILENT_MINUTES)
        for source in self:
            seen = source.stream_seen_at
            source.stream_is_away = source.protocol == "stream" and not (
                seen and seen > limit
            )

    @api.constrains(
        "protocol",
        "port",
        "host",
        "stream_mode",
        "stream_allowed",
        "stream_device",
        "stream_line",
        "stream_path",
    )
    def _check_stream(self):
        for source in self.filtered(lambda s: s.protocol == "stream"):
            source._check_stream_needs()
            source._check_stream_networks()

    def _check_stream_needs(self):
        needed = NEEDED[self.stream_mode or MODES[0]]
        missing = [name for name in needed if not self[name]]
        if missing:
            raise ValidationError(
                self.env._(
                    "%(name)s receives a stream: %(fields)s must be filled in.",
                    name=self.display_name,
                    fields=", ".join(self._fields[name].string for name in missing),
                )
            )
        if "port" in needed and not 1 <= self.port <= LARGEST_PORT:
            raise ValidationError(
                self.env._(
                    "%(port)s is no port: a number from 1 to 65535 is expected.",
                    port=self.port,
                )
            )

    def _check_stream_networks(self):
        try:
            read_networks(self.stream_allowed or "")
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "The allowed addresses of %(name)s cannot be read: %(error)s. "
                    "Expected: addresses or networks such as 192.0.2.0/24, parted by "
                    "blanks.",
                    name=self.display_name,
                    error=error,
                )
            ) from error

    def _stream_settings(self):
        """What a receiver needs, as plain data."""
        source = self.sudo()
        return StreamSettings.of(
            {
                "mode": source.stream_mode,
                "host": source.host,
                "port": source.port,
                "allowed": read_networks(source.stream_allowed or ""),
                "username": source.username,
                "password": source.password,
                "device": source.stream_device,
                "line": source.stream_line,
                "path": source.stream_path,
                "tail_is_line": source.stream_tail_is_line,
                "allowed_roots": source._allowed_roots(),
            }
        )

    def _stream_parting(self):
        """Where its lines may be parted: not where the format needs them together.

        None where they may be parted anywhere, or nobody knows.
        """
        with suppress(FormatError):
            spec = self.format_id._spec() if self.file_type == "usage" else None
            if spec and needs_parting(spec):
                context = self._stream_context()

                def part(lines, ages):
                    found = part_lines(lines, ages, spec, context)
                    return found.whole, found.rest, found.again

                return Parting(part, can_be_joined(spec))
        return None

    def _stream_context(self):
        carrier = self.carrier_id
        clock = self.with_context(tz=carrier.tz)
        now = fields.Datetime.context_timestamp(clock, fields.Datetime.now())
        return ReadContext(
            country=carrier.country_id.code,
            time_zone=carrier.tz,
            extension_digits=carrier.extension_digits,
            file_date=now.date(),
        )

    def _take_over(self, spooled):
        """Store a file of the spool, once; the beginning of a line waits as held."""
        files = self.env["telecom.file"]
        signature = f"stream|{spooled.key}"
        known = [("source_id", "=", self.id), ("remote_signature", "=", signature)]
        if files.search_count(known, limit=1):
            return files
        with spooled.open() as stream:
            file = files._receive(self, f"{spooled.name}.smdr", stream, signature)
        if spooled.is_partial:
            file.write({"state": "held", "hold_wording": {"text": HELD, "values": {}}})
        return file

    def _show_stream(self, problem):
        """Tell on the source how its receiver does, and that the listener runs."""
        self.ensure_one()
        if problem:
            wording = {"text": AWAY, "values": {"found": problem.wording}}
            self._set_error(wording)
        elif self.state != "ok":
            self._set_collected()
        self.sudo().stream_seen_at = fields.Datetime.now()
