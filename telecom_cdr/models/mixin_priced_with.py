# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError


class TelecomPricedWithMixin(models.AbstractModel):
    """Records that prices came from: what has decided a price stays as it was."""

    _name = "telecom.priced.with.mixin"
    _description = "Frozen once it has priced something"

    def _priced_with(self):
        """Those of these records that have priced what stands."""
        return self.filtered("is_telecom_used")

    def _frozen_names(self, vals):
        """Which of these values decide prices."""
        raise NotImplementedError

    def _frozen_text(self):
        """Why these records stay as they are, and what to do instead."""
        raise NotImplementedError

    def _kept_text(self):
        """Why these records are not deleted, and what to do instead."""
        return self._frozen_text()

    def write(self, vals):
        self._check_unused(vals)
        return super().write(vals)

    def _check_unused(self, vals):
        names = self._frozen_names(vals)
        priced = self._priced_with() if names else self.browse()
        if priced and priced._would_change(vals, names):
            raise UserError(priced._frozen_text())

    def _would_change(self, vals, names):
        """Whether one of these records would get another value."""
        return any(
            record._has_other(name, vals[name]) for record in self for name in names
        )

    def _has_other(self, name, value):
        """Whether a field holds something else; lines are taken to be changed."""
        field = self._fields[name]
        if field.type in ("one2many", "many2many"):
            return True
        if field.relational:
            return self[name].id != (value or False)
        return self[name] != field.convert_to_record(value, self)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_priced_with(self):
        priced = self._priced_with()
        if priced:
            raise UserError(priced._kept_text())
