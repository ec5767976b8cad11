# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .call_secret import is_anonymous


class TelecomFileRetentionMixin(models.AbstractModel):
    """Files whose calls are anonymous: what they held is gone, their counts stay."""

    _name = "telecom.file.retention.mixin"
    _description = "Retention of a File"

    content_gone_on = fields.Date(
        string="Content deleted on",
        readonly=True,
        copy=False,
        help="Its calls are anonymous by now. Its fingerprint stays: the same file is "
        "known when it comes again.",
    )

    def _check_content_kept(self):
        """Refuse to read what is gone."""
        gone = self.filtered("content_gone_on")
        if gone:
            raise UserError(
                self.env._(
                    "The content of %(name)s was deleted on %(date)s, as its calls "
                    "became anonymous. It cannot be read or downloaded any more.",
                    name=gone[0].name,
                    date=fields.Date.to_string(gone[0].content_gone_on),
                )
            )

    def _check_shows_content(self):
        self._check_content_kept()
        return super()._check_shows_content()

    def _excerpt(self, rejections):
        self._check_content_kept()
        return super()._excerpt(rejections)

    def _check_not_anonymous(self):
        """Calls without numbers cannot be found again: they are not taken back."""
        self._check_content_kept()
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM telecom_call c WHERE c.file_id = ANY(%s) AND %s",
                list(self.ids),
                is_anonymous("c"),
            )
        )
        if count:
            raise UserError(
                self.env._(
                    "%(count)s calls of %(name)s are anonymous: they could not be told "
                    "from others any more, so the file cannot be taken back.",
                    count=count,
                    name=self[0].name,
                )
            )

    def _forget_content(self):
        """Delete what these files held, and the text of their rejected rows.

        :return: number of rows
        """
        attachments = self.env["ir.attachment"].sudo()
        attachments.search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", "content"),
                ("res_id", "in", self.ids),
            ]
        ).unlink()
        self.write({"content_gone_on": fields.Date.context_today(self)})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telecom_rejection SET kept_raw = NULL, kept_found = NULL,"
            " wording = NULL, facts = NULL, is_dismissed = TRUE"
            " WHERE file_id = ANY(%s)",
            (list(self.ids),),
        )
        count = self.env.cr.rowcount
        self.env["telecom.rejection"].invalidate_model()
        return count
