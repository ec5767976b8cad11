# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..collect.database_settings import PORTS as DATABASE_PORTS

PORTS = {"ftp": 21, "ftps": 21, "sftp": 22}
IMPLICIT_PORT = 990


class TelecomSourceFtpMixin(models.AbstractModel):
    """How a source talks to an FTP server, and how deep it looks into directories."""

    _name = "telecom.source.ftp.mixin"
    _description = "Source: FTP, FTPS and subfolders"

    with_subfolders = fields.Boolean(
        tracking=True,
        help="Also look into the folders below the directory, at most 8 levels deep. "
        "Links to folders and hidden folders are left out.",
    )
    ftp_passive = fields.Boolean(
        string="Passive mode",
        default=True,
        help="On: we open the connections for files and lists, as firewalls mostly "
        "want it. Off: the server opens them to us.",
    )
    ftp_implicit_tls = fields.Boolean(
        string="Implicit TLS",
        help="On: encrypted from the first byte, mostly at port 990. Off: encrypted "
        "by the command AUTH TLS, mostly at port 21.",
    )
    certificate_check = fields.Selection(
        [
            ("authority", "By the known authorities"),
            ("pinned", "Pinned: only this one"),
        ],
        required=True,
        default="authority",
        tracking=True,
        help="How the server's certificate is checked before the password is sent. "
        "Pin the ones that carriers sign themselves: testing the connection proposes "
        "the certificate's SHA-256.",
    )

    @api.onchange("protocol", "ftp_implicit_tls")
    def _onchange_ftp_port(self):
        """Another protocol has another port, unless somebody has set one of his own."""
        if self.protocol not in PORTS or self.port not in (
            *PORTS.values(),
            *DATABASE_PORTS.values(),
            IMPLICIT_PORT,
            0,
        ):
            return
        implicit = self.protocol == "ftps" and self.ftp_implicit_tls
        self.port = IMPLICIT_PORT if implicit else PORTS[self.protocol]
