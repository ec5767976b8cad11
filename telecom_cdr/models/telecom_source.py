# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import logging
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain

from ..collect import CollectError, connect
from .advisory_lock import advisory_lock
from .mixin_source_database import DATABASE_PLACE
from .reading_messages import worded, worded_for_company
from .telecom_file import MB

_logger = logging.getLogger(__name__)

# Two workers must not fetch from one source at a time: each would miss what the
# other has stored. The first key of the advisory lock says that it is ours.
LOCK_SPACE = 0x7E1EC1
# Who sends brings the files: there is nothing to connect to, and nothing to fetch.
BROUGHT = ("upload", "email", "stream")
# The texts for the reasons that collect/ gives; reading_messages translates them.
ERRORS = {
    "host_key_changed": "The server %(host)s shows another host key than the pinned "
    "one. Found: %(found)s. Nothing was fetched. If the server was replaced, clear "
    "the host key and test the connection again.",
    "host_key_missing": "No host key is pinned for %(host)s. Test the connection: it "
    "shows the key (%(found)s) and pins it.",
    "certificate_changed": "The server %(host)s shows another certificate than the "
    "pinned one. Found: %(found)s. Nothing was fetched. If the carrier renewed it, "
    "clear the pinned certificate and test the connection again.",
    "certificate_missing": "No certificate is pinned for %(host)s. Test the "
    "connection: it shows the certificate (%(found)s) and pins it.",
    "certificate_refused": "The certificate of %(host)s is not trusted: %(found)s. No "
    "password was sent. Ask the carrier for one of a known authority that names this "
    "host, or choose to pin the certificate.",
    "unreachable": "The server %(host)s cannot be reached: %(found)s. Check host and "
    "port, and whether it is up; the next collection tries again.",
    "refused_login": "The server %(host)s refused the user %(username)s: %(found)s. "
    "Check user name, password and key.",
    "bad_key": "The private key cannot be read: %(found)s. Expected: an OpenSSH or "
    "PEM key, and its passphrase where it has one.",
    "no_directory": "The directory %(directory)s cannot be read: %(found)s.",
    "too_large": "%(found)s. Larger files are not taken: raise the limit in the "
    "settings (Telephony, Files) or split the file.",
    "transfer": "The transfer broke off: %(found)s.",
    "bad_request": "The request cannot be made: %(found)s. Correct it on the source.",
    "refused_access": "The server %(host)s does not let us in: %(found)s. Check user "
    "name and secret, and whether it wants to know this machine's address.",
    "api_error": "The server %(host)s answers with an error: %(found)s. What came "
    "before is stored; the next collection goes on from there.",
    "cut": "An answer of %(host)s is not whole: %(found)s. Nothing of it was stored. "
    "Where a day has more calls than an answer can have, ask for pages or hours.",
    "no_table": "The table %(table)s of %(host)s cannot be read: %(found)s. Correct it "
    "on the source, or have the user given the right to read it (SELECT).",
}
# Where protocols that ask from where they were keep how far that is.
REACHED = {"database": "database_until", "http": "http_until"}
HTTP_PLACE = ("http_url", "http_token_url", "http_template_id")
PLACE = {"host", "port", "protocol", *HTTP_PLACE, *DATABASE_PLACE}
SECRETS = ("password", "private_key", "private_key_passphrase")


class TelecomSource(models.Model):
    """One place that a carrier's files come from."""

    _name = "telecom.source"
    _description = "Telecom Source"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "telecom.source.ftp.mixin",
        "telecom.source.email.mixin",
        "telecom.source.stream.mixin",
        "telecom.source.http.mixin",
        "telecom.source.database.mixin",
        "telecom.source.identifiers.mixin",
        "telecom.source.rhythm.mixin",
        "telecom.source.comparing.mixin",
        "telecom.source.summary.mixin",
        "telecom.source.overview.mixin",
    ]
    _order = "carrier_id, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    carrier_id = fields.Many2one(
        "telecom.carrier",
        required=True,
        index=True,
        tracking=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        related="carrier_id.company_id", store=True, index=True
    )
    file_type = fields.Selection(
        [("usage", "Usage")],
        required=True,
        default="usage",
        help="What the files hold: calls, messages and data sessions.",
    )
    protocol = fields.Selection(
        [
            ("upload", "Upload"),
            ("folder", "Folder"),
            ("ftp", "FTP"),
            ("ftps", "FTPS"),
            ("sftp", "SFTP"),
            ("email", "E-mail"),
            ("stream", "Stream of lines"),
            ("http", "HTTP API"),
            ("database", "Database"),
        ],
        required=True,
        default="upload",
        tracking=True,
    )
    format_id = fields.Many2one(
        "telecom.format", required=True, tracking=True, ondelete="restrict"
    )
    host = fields.Char(tracking=True)
    port = fields.Integer(default=22)
    username = fields.Char(tracking=True)
    password = fields.Char(groups="base.group_system", copy=False)
    private_key = fields.Text(groups="base.group_system", copy=False)
    private_key_passphrase = fields.Char(groups="base.group_system", copy=False)
    has_secret = fields.Boolean(
        string="Secret stored", compute="_compute_has_secret", compute_sudo=True
    )
    host_key = fields.Char(
        tracking=True,
        copy=False,
        help="The server's public key (type and base64). Testing the connection "
        "proposes it; files are only fetched from a server that has this key.",
    )
    directory = fields.Char(default=".", tracking=True)
    file_pattern = fields.Char(
        default="*",
        help="Names to collect, with * and ?; several separated by blanks: *.csv *.gz. "
        "With ! before it, names to leave out: daily and monthly files of a directory "
        "are two sources with 'CDR_*.csv !CDR_*_MONTH.csv' and 'CDR_*_MONTH.csv'.",
    )
    after_collect = fields.Selection(
        [
            ("keep", "Keep it there"),
            ("move", "Move it to a subfolder"),
            ("delete", "Delete it"),
        ],
        required=True,
        default="keep",
        tracking=True,
        help="What becomes of a file at the source once it is stored here.",
    )
    move_directory = fields.Char(
        default="collected", help="Subfolder for files that have been collected."
    )
    settle_seconds = fields.Integer(
        default=60,
        help="A file is only taken when it has not changed for this long, "
        "so that half written files stay where they are.",
    )
    hold_same_name = fields.Boolean(
        help="Hold files whose name was seen before, also when the content differs.",
    )
    keep_unknown = fields.Boolean(
        string="Keep calls of unknown numbers",
        default=True,
        help="On: calls whose number is not ours wait as unmatched. Off: such rows "
        "are skipped and counted.",
    )
    state = fields.Selection(
        [("draft", "New"), ("ok", "Working"), ("error", "In error")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    error_wording = fields.Json(readonly=True, copy=False)
    last_error = fields.Text(compute="_compute_last_error")
    last_collected_at = fields.Datetime(
        string="Last collection", readonly=True, copy=False
    )
    file_ids = fields.One2many("telecom.file", "source_id")
    file_count = fields.Integer(compute="_compute_file_count")

    @api.depends("password", "private_key")
    def _compute_has_secret(self):
        for source in self:
            source.has_secret = bool(source.password or source.private_key)

    @api.depends_context("lang")
    @api.depends("error_wording")
    def _compute_last_error(self):
        for source in self:
            source.last_error = worded(self.env, source.error_wording) or False

    @api.depends("file_ids")
    def _compute_file_count(self):
        counts = dict(
            self.env["telecom.file"]._read_group(
                [("source_id", "in", self.ids)], ["source_id"], ["__count"]
            )
        )
        for source in self:
            source.file_count = counts.get(source, 0)

    @api.depends("name", "carrier_id")
    def _compute_display_name(self):
        for source in self:
            names = (source.carrier_id.name, source.name)
            source.display_name = ": ".join(name for name in names if name)

    def write(self, vals):
        place = vals.keys() & PLACE
        if place and "host_key" not in vals:
            moved = self.filtered(
                lambda s: any(s[name] != vals[name] for name in place)
            )
            if moved:
                vals = {**vals, "host_key": False}
                moved._forget_secrets()
        return super().write(vals)

    def _forget_secrets(self):
        """Who may not read a secret may not have it sent to another place."""
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        for source in self.sudo().filtered("has_secret"):
            source.write(dict.fromkeys(SECRETS, False))
            source.message_post(
                body=self.env._(
                    "The stored password and key were removed, since the place was "
                    "changed by %s. An administrator must enter them again.",
                    self.env.user.name,
                )
            )

    # === COLLECTION METHODS === #

    def action_collect(self):
        """Fetch what is new at these sources and say what came."""
        collected = self.env["telecom.file"]
        for source in self:
            files = source._collect()
            if files is None:
                raise LockError(
                    self.env._(
                        "Files of %(name)s are being collected by somebody else "
                        "right now. Wait until that is done.",
                        name=source.display_name,
                    )
                )
            collected |= files
        failed = self.filtered(lambda s: s.state == "error")
        if failed:
            return self._notify(
                "danger",
                "\n".join(f"{s.display_name}: {s.last_error}" for s in failed),
            )
        return self._notify(
            "success",
            self.env._("%(count)s new files came.", count=len(collected)),
        )

    def action_test_connection(self):
        """Connect, look at the directory and say what was found.

        For managers only: it pins the key of the server that gets the password.
        """
        self.ensure_one()
        self.check_access("write")
        if self.protocol in BROUGHT:
            raise UserError(self._brought_text())
        try:
            with connect(self._connection_settings(), probe=True) as connection:
                found = self._found_text(connection)
                host_key = connection.host_key
        except CollectError as error:
            text = worded(self.env, self._error_wording(error))
            raise UserError(text) from error
        if host_key and not self.host_key:
            self.host_key = host_key
        return self._notify("success", found)

    def _brought_text(self):
        if self.protocol == "upload":
            return self.env._(
                "Files of this source are uploaded: drop them on the list of "
                "received files."
            )
        if self.protocol == "stream":
            return self.env._(
                "Lines of this source come by themselves while the listener runs: odoo "
                "telecom_listen."
            )
        return self.env._(
            "Files of this source are brought by who has them: there is nothing to "
            "connect to."
        )

    def _found_text(self, connection):
        """What a look at the place shows."""
        if self.protocol == "http":
            return self._http_found_text(connection)
        if self.protocol == "database":
            return self._database_found_text(connection)
        names = [entry.name for entry in connection.list_files()]
        if not names:
            return self.env._(
                "Connected. No file in %(directory)s matches %(pattern)s.",
                directory=self.directory,
                pattern=self.file_pattern,
            )
        return self.env._(
            "Connected. %(count)s files match %(pattern)s, such as %(example)s.",
            count=len(names),
            pattern=self.file_pattern,
            example=names[0],
        )

    @api.model
    def _notify(self, kind, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "sticky": kind == "danger",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _connection_settings(self):
        """What a connection needs, as plain data: collect/ knows no records."""
        source = self.sudo()
        return {
            "protocol": source.protocol,
            "host": source.host or "",
            "port": source.port,
            "username": source.username or "",
            "password": source.password or "",
            "private_key": source.private_key or "",
            "private_key_passphrase": source.private_key_passphrase or "",
            "host_key": source.host_key or "",
            "directory": source.directory or ".",
            "file_pattern": source.file_pattern or "*",
            "after_collect": source.after_collect,
            "move_directory": source.move_directory or "collected",
            "settle_seconds": source.settle_seconds,
            "with_subfolders": source.with_subfolders,
            "passive": source.ftp_passive,
            "implicit_tls": source.ftp_implicit_tls,
            "certificate_check": source.certificate_check,
            "allowed_roots": self._allowed_roots(),
            "max_bytes": source.company_id.telecom_max_file_mb * MB,
            "options": source._protocol_options(),
        }

    def _protocol_options(self):
        """What the protocol needs beside."""
        if self.protocol == "http":
            return self._http_options()
        return self._database_options() if self.protocol == "database" else {}

    def _allowed_roots(self):
        """Directories that folder sources may read; none given: any."""
        parameters = self.env["ir.config_parameter"].sudo()
        roots = parameters.get_param("telecom_cdr.folder_roots", "")
        return [root.strip() for root in roots.split(",") if root.strip()]

    def _collect(self):
        """Fetch the new files of one source; None where another worker does.

        A failure is kept on the source.
        """
        self.ensure_one()
        if self.protocol in BROUGHT:
            return self.env["telecom.file"]
        with advisory_lock(self.env.cr.dbname, LOCK_SPACE, self.id) as locked:
            if not locked:
                return None
            # What follows must see what others have fetched.
            self.env["telecom.file"]._commit_step()
            self.invalidate_recordset()
            return self._collect_locked()

    def _collect_locked(self):
        files = self.env["telecom.file"]
        connection = None
        try:
            with connect(self._connection_settings()) as connection:
                problems = []
                for entry in connection.list_files():
                    files |= self._collect_entry(connection, entry, problems)
                if problems := [*connection.problems, *problems]:
                    raise problems[0]
        except CollectError as error:
            self._keep_reached(connection)
            _logger.info("Source %s: %s", self.id, error.reason)
            self._set_error(self._error_wording(error))
        else:
            self._keep_reached(connection)
            self._set_collected()
        return files

    def _keep_reached(self, connection):
        """Remember how far it was collected; to be committed with what comes next."""
        reached = connection and connection.reached
        if isinstance(reached, datetime):
            reached = reached.replace(tzinfo=None)
        if reached and reached != self[REACHED[self.protocol]]:
            source = self.sudo().with_context(tracking_disable=True)
            source[REACHED[self.protocol]] = reached

    def _collect_entry(self, connection, entry, problems):
        """Store one remote file; only then it may leave the source.

        A file with a problem does not keep the others from coming.
        """
        files = self.env["telecom.file"]
        known = files._known_remote(self, entry)
        try:
            if not (known and self._is_stored(connection, entry, known)):
                with connection.open(entry) as stream:
                    files = files._receive(self, entry.name, stream, entry.signature)
                self.env["telecom.file"]._commit_step()
            connection.finish(entry)
            self._keep_reached(connection)
        except CollectError as error:
            if not connection.is_open:
                raise
            problems.append(error)
        return files

    def _is_stored(self, connection, entry, known):
        """Whether a file that looks like a stored one is that one.

        Name, size and second may be those of a file that came after it. Before a
        file leaves the source for good its bytes are compared.
        """
        if self.after_collect == "keep":
            return True
        digest = hashlib.sha256()
        with connection.open(entry) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest() == known.sha256

    def _set_error(self, wording):
        source = self.sudo()  # who collects may not change where from
        if self.state != "error" or self.error_wording != wording:
            source.message_post(body=worded_for_company(source.company_id, wording))
        source.write({"state": "error", "error_wording": wording})
        self.env["telecom.file"]._commit_step()

    def _set_collected(self):
        self.sudo().write(
            {
                "state": "ok",
                "error_wording": False,
                "last_collected_at": fields.Datetime.now(),
            }
        )
        self.env["telecom.file"]._commit_step()

    def _error_wording(self, error):
        """What to say of an error of collect/, to be told in any language."""
        return {
            "text": ERRORS.get(error.reason, "%(found)s"),
            "values": {
                "host": self._http_host()
                if self.protocol == "http"
                else self.host or "",
                "username": self.username or "",
                "directory": self.directory or "",
                "table": self.database_table or "",
                "found": error.wording,
            },
        }

    @api.model
    def _cron_collect(self):
        """Fetch from every source that fetches by itself, one after another."""
        sources = self.search(Domain("protocol", "not in", BROUGHT))
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(sources))
        for source in sources:
            source._collect()
            if not cron._commit_progress(1):
                break

    def action_open_files(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_file_action"
        )
        action["domain"] = [("source_id", "=", self.id)]
        action["context"] = {"default_source_id": self.id}
        return action
