# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.long_trial import LongTrial, OutOfTime, drop_table

_logger = logging.getLogger(__name__)

# Larger files take longer than somebody waits, or than a worker may take for an answer.
BACKGROUND_BYTES = 20 * 1024 * 1024


class TelecomTestRunBackground(models.AbstractModel):
    """Tests of large files: run by the schedule that reads files, bit by bit."""

    _name = "telecom.test.run.background.mixin"
    _description = "Test Run in the Background"

    state = fields.Selection(
        [
            ("new", "New"),
            ("waiting", "In the background"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="new",
    )
    progress = fields.Float(readonly=True)
    problem = fields.Char(readonly=True)
    known = fields.Json(
        readonly=True, groups="base.group_system", help="What was found so far."
    )

    def _run_later(self):
        """Leave the test to the schedule."""
        self.state = "waiting"
        self.env["telecom.file"]._trigger_processing()

    @api.model
    def _run_waiting(self, time_left):
        """Go on with the tests that wait, for as long as there is time."""
        waiting = self.sudo().search([("state", "=", "waiting")], order="id")
        for run in waiting:
            if not time_left():
                self.env["telecom.file"]._trigger_processing()
                return
            run._of_its_user()._go_on_or_fail(time_left)

    def _of_its_user(self):
        """The test with the rights and in the language of who asked for it."""
        user = self.create_uid
        companies = self.source_id.company_id.ids
        context = {"lang": user.lang, "tz": user.tz, "allowed_company_ids": companies}
        return self.with_user(user).with_context(**context)

    def _go_on_or_fail(self, time_left):
        files = self.env["telecom.file"]
        try:
            self._go_on(time_left)
        except OutOfTime:
            files._trigger_processing()
        except Exception as error:
            _logger.exception("Test run %s", self.id)
            self.env.cr.rollback()
            self.env.invalidate_all()
            told = str(error) if isinstance(error, UserError) else type(error).__name__
            self.write({"state": "failed", "problem": told})
            self._end()
        files._commit_step()

    def _go_on(self, time_left):
        """Read on; at the end only the results are left."""

        def keep(known, offset):
            self.sudo().known = known
            self.progress = min(100 * offset / (size or 1), 100)
            self.env["telecom.file"]._commit_step()
            return time_left()

        file = self.file_id or self._pretended_file()
        with self._open() as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            known = self.sudo().known or {}
            trial = LongTrial(file, self._trial_table(), known, keep)
            trial.test(stream, self._name_of_file())
        self._finish(trial)
        self.progress = 100
        self._end()

    def _trial_table(self):
        return f"telecom_trial_call_{self.id}"

    def _end(self):
        """Leave nothing but the results, and tell who asked for them."""
        drop_table(self.env, self._trial_table())
        self.sudo().known = False
        link = Markup('<a href="/odoo/%s/%s">%s</a>') % (
            self._name,
            self.id,
            self._name_of_file(),
        )
        text = self.env._("The test of this file is done: %s", link)
        if self.state == "failed":
            text = self.env._("The test of this file has failed: %s", link)
        self.source_id.sudo().message_notify(
            partner_ids=self.env.user.partner_id.ids,
            subject=self.env._("Test run"),
            body=text,
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_table(self):
        for run in self:
            drop_table(self.env, run._trial_table())

    def action_show(self):
        """Show the test as it is now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test run"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }
