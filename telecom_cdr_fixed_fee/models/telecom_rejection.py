# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

CHARGE_REASONS = [
    ("reference", "Reference"),
    ("kind", "Kind of charge"),
    ("period", "Period"),
    ("quantity", "Quantity"),
    ("sign", "Sign of the amount"),
    ("currency", "Currency"),
]


class TelecomRejection(models.Model):
    _inherit = "telecom.rejection"

    # The charge that a row contradicts.
    charge_id = fields.Many2one(
        "telecom.charge",
        string="Stored charge",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    is_same_charge = fields.Boolean(
        readonly=True, help="It has the id of the stored charge: it is that charge."
    )
    is_charge_conflict = fields.Boolean(compute="_compute_is_charge_conflict")
    reason = fields.Selection(
        selection_add=CHARGE_REASONS,
        ondelete={
            name: lambda rejections: rejections.write({"reason": "other"})
            for name, _label in CHARGE_REASONS
        },
    )

    @api.depends("reason", "charge_id", "is_dismissed")
    def _compute_is_charge_conflict(self):
        for rejection in self:
            contradicts = rejection.reason == "conflict" and rejection.charge_id
            waits = contradicts and not rejection.is_dismissed
            rejection.is_charge_conflict = bool(waits)

    def action_charge_replace(self) -> None:
        """The row stands, and the stored charge goes, unless it is invoiced."""
        self._decide_charges("replace")

    def action_charge_beside(self) -> None:
        """They are two charges."""
        self._decide_charges("beside")

    def _decide_charges(self, choice):
        self.env["telecom.file"].check_access("write")
        self.check_access("read")
        for file, rows in (
            self.filtered("is_charge_conflict").grouped("file_id").items()
        ):
            with file._locked_step():
                # Somebody else may have decided meanwhile.
                for row in rows.exists().filtered("is_charge_conflict").sudo():
                    row._decide_charge(choice)

    def _decide_charge(self, choice):
        stored, values = self.charge_id, dict(self.facts or {})
        self._check_charge_choice(choice)
        if choice == "replace":
            stored.file_id.charge_count -= 1
            stored.file_id.duplicate_count += 1
            stored.file_id.message_post(body=self._replaced_text())
            (stored.part_ids | stored).unlink()
        file = self.file_id
        file.write(
            {
                "rejected_count": file.rejected_count - 1,
                "charge_count": file.charge_count + 1,
            }
        )
        file.message_post(body=self._charge_choice_text(choice))
        self.unlink()
        self.env["telecom.charge"].sudo().create(values)._settle()

    def _check_charge_choice(self, choice):
        stored = self.charge_id
        if choice == "beside" and self.is_same_charge:
            raise UserError(
                self.env._(
                    "Line %(line)s has the id of the stored charge: it is that charge. "
                    "Take it instead, or leave it out.",
                    line=self.line_number,
                )
            )
        moves = (stored | stored.part_ids).move_id
        if choice == "replace" and moves:
            raise UserError(
                self.env._(
                    "The stored charge is on the invoice %(invoice)s, so it stands. "
                    "Credit that invoice first, or take the row beside it.",
                    invoice=moves[0].display_name,
                )
            )

    def _replaced_text(self):
        return self.env._(
            "%(user)s: line %(line)s of %(file)s stands instead of line %(old)s.",
            user=self.env.user.name,
            line=self.line_number,
            file=self.file_id.name,
            old=self.charge_id.line_number,
        )

    def _charge_choice_text(self, choice):
        words = {
            "replace": self.env._("it stands instead of the stored charge"),
            "beside": self.env._("it is another charge beside the stored one"),
        }
        return self.env._(
            "%(user)s on line %(line)s: %(choice)s.",
            user=self.env.user.name,
            line=self.line_number,
            choice=words[choice],
        )
