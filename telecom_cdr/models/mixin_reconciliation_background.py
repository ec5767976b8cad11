# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from .long_comparison import LongComparison, compared_table, forget
from .long_trial import OutOfTime, drop_table
from .stored_content import open_content

_logger = logging.getLogger(__name__)

CONTENT = "comparing_content"


class TelecomReconciliationBackground(models.AbstractModel):
    """Comparisons of large files: by the schedule, chunk by chunk, with progress."""

    _name = "telecom.reconciliation.background.mixin"
    _description = "Comparing of Calls in the Background"

    comparing_state = fields.Selection(
        [("waiting", "In the background"), ("failed", "Failed")],
        string="Comparison",
        readonly=True,
        copy=False,
    )
    comparing_progress = fields.Float(string="Compared", readonly=True, copy=False)
    comparing_problem = fields.Text(string="Why it failed", readonly=True, copy=False)
    comparing_name = fields.Char(
        string="File being compared", readonly=True, copy=False
    )
    comparing_source_id = fields.Many2one(
        "telecom.source", readonly=True, copy=False, ondelete="set null"
    )
    comparing_user_id = fields.Many2one("res.users", readonly=True, copy=False)
    comparing_is_whole = fields.Boolean(readonly=True, copy=False)
    comparing_content = fields.Binary(
        attachment=True, readonly=True, copy=False, groups="base.group_system"
    )
    comparing_known = fields.Json(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="What was found so far.",
    )

    def _compare_later(self, source, name, attachment, is_whole):
        """Leave a comparison to the schedule.

        :param attachment: the file; it becomes that of the reconciliation
        """
        self.ensure_one()
        self._check_not_accepted()
        self._check_not_comparing()
        one = self.sudo()
        one.comparing_content = False
        attachment.sudo().write(
            {"res_model": self._name, "res_id": self.id, "res_field": CONTENT}
        )
        one.write(
            {
                "comparing_state": "waiting",
                "comparing_progress": 0,
                "comparing_problem": False,
                "comparing_name": name,
                "comparing_source_id": source.id,
                "comparing_user_id": self.env.uid,
                "comparing_is_whole": is_whole,
                "comparing_known": False,
            }
        )
        self._trigger_comparing()

    @api.model
    def _trigger_comparing(self):
        self.env.ref("telecom_cdr.ir_cron_telecom_compare").sudo()._trigger()

    def _check_not_comparing(self):
        busy = self.filtered(lambda one: one.comparing_state == "waiting")
        if busy:
            raise UserError(
                self.env._(
                    "%(name)s is being compared with %(file)s: wait until that is "
                    "done, or stop it.",
                    name=busy[0].display_name,
                    file=busy[0].comparing_name,
                )
            )

    def action_stop_comparing(self):
        """Give a comparison up; what it has found so far is dropped."""
        self.check_access("write")
        for one in self.filtered("comparing_state").sudo():
            one.lock_for_update()
            forget(one)
            one._end_comparing()
            one.write({"compared_name": False, "compared_at": False})

    @api.ondelete(at_uninstall=False)
    def _unlink_compared_table(self):
        for one in self.filtered("comparing_state"):
            drop_table(self.env, compared_table(one))

    # === THE SCHEDULE === #

    @api.model
    def _cron_compare(self):
        """Go on with the comparisons that wait, for as long as there is time."""
        cron = self.env["ir.cron"]
        waiting = self.sudo().search([("comparing_state", "=", "waiting")], order="id")
        cron._commit_progress(remaining=len(waiting))
        for one in waiting:
            if not one._for_its_user()._go_on_or_fail(cron._commit_progress):
                self._trigger_comparing()  # Its time was over.
                break
            if not cron._commit_progress(1):
                break

    def _for_its_user(self):
        """With the rights and in the language of who asked for it."""
        user = self.comparing_user_id
        companies = self.company_id.ids
        context = {"lang": user.lang, "tz": user.tz, "allowed_company_ids": companies}
        return self.with_user(user).with_context(**context)

    def _go_on_or_fail(self, step_done):
        """Compare on; returns whether it has come to its end."""
        try:
            self._go_on_comparing(step_done)
        except OutOfTime:
            return False
        except Exception as error:
            _logger.exception("Comparison of reconciliation %s", self.id)

            self.env.cr.rollback()
            self.env.invalidate_all()
            if self.comparing_state != "waiting":
                return True  # Somebody has stopped it.
            told = str(error) if isinstance(error, UserError) else type(error).__name__
            self._fail_comparing(told)
        return True

    def _go_on_comparing(self, step_done):
        """Read on; each chunk is committed with what it tells."""
        own = self.sudo()

        def keep(known, offset):
            own.comparing_known = known
            done = min(100 * offset / (size or 1), 100)
            own.comparing_progress = max(own.comparing_progress, done)
            self.env.flush_all()
            return step_done()

        name = self.comparing_name
        file = self._compared_file(self.comparing_source_id, name)
        with open_content(own, CONTENT) as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            found = LongComparison(file, self, own.comparing_known or {}, keep)
            found.test(stream, name)
        self._finish_comparing(found, name, self.comparing_is_whole)
        own._end_comparing()
        self._tell_compared(self.env._("The comparison with %s is done.", name))

    def _fail_comparing(self, told):
        """Say why; nothing of it is left."""
        own, name = self.sudo(), self.comparing_name
        forget(own)
        own._end_comparing()
        own.write(
            {
                "comparing_state": "failed",
                "comparing_name": name,
                "comparing_problem": told,
                "compared_name": False,
                "compared_at": False,
            }
        )
        self._tell_compared(
            self.env._(
                "The comparison with %(name)s has failed: %(why)s", name=name, why=told
            )
        )

    def _end_comparing(self):
        """Leave nothing but what was found."""
        drop_table(self.env, compared_table(self))
        self.write(
            {
                "comparing_state": False,
                "comparing_progress": 0,
                "comparing_problem": False,
                "comparing_name": False,
                "comparing_known": False,
                CONTENT: False,
            }
        )

    def _tell_compared(self, text):
        """The finished result comes to who asked for it."""
        self.sudo().message_notify(
            partner_ids=self.comparing_user_id.partner_id.ids,
            subject=self.display_name,
            body=text,
        )
