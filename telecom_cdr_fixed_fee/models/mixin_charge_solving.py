# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError


class TelecomChargeSolvingMixin(models.AbstractModel):
    """What people do with charges: solve what they wait for, leave out, invoice."""

    _name = "telecom.charge.solving.mixin"
    _description = "Solving of Charges"

    # === ACTIONS === #

    def action_match_and_price(self) -> dict:
        """Find customer and price again; invoiced charges stay as they are."""
        self.check_access("write")
        self._settle()
        waiting = self.filtered(lambda c: c.state in ("unmatched", "unpriced"))
        return self.env["telecom.source"]._notify(
            "warning" if waiting else "success",
            self.env._(
                "%(count)s charges matched and priced, %(waiting)s of them wait.",
                count=len(self),
                waiting=len(waiting),
            ),
        )

    def action_match_automatically(self) -> None:
        """Forget the customer that was set by hand."""
        self.check_access("write")
        self._check_not_invoiced()
        self._store({"is_manual": False})
        self._settle()

    def action_exclude(self) -> None:
        self.write({"is_excluded": True})

    def action_include(self) -> None:
        self.write({"is_excluded": False})

    def action_assign(self) -> dict:
        """Ask for the customer or number of these charges."""
        self._check_not_invoiced()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_assign_action"
        )
        action["context"] = {"default_charge_ids": self.ids}
        return action

    def _invoice_until(self):
        return max(self.mapped("period_from"))

    # === WHAT SOLVES IT === #

    def action_add_rule(self) -> dict:
        """Write a rule from these charges, for them and those to come."""
        self._check_not_invoiced()
        return self._dialog("telecom_fee_rule_new_action", self._rule_values())

    def _rule_values(self):
        """What the charges have in common."""
        values = {
            "carrier_id": self.carrier_id.id if len(self.carrier_id) == 1 else False,
            "company_id": self[:1].company_id.id,
        }
        references = set(self.mapped("reference"))
        if len(references) == 1:
            return {**values, "reference_pattern": references.pop()}
        for name in ("account", "product_code"):
            found = set(self.mapped(name))
            if len(found) == 1 and any(found):
                values[f"{name}_pattern"] = found.pop()
        return values

    def action_add_price(self) -> dict:
        """Add the line that is missing in the tariff of these charges."""
        self._check_not_invoiced()
        tariff = self.fee_tariff_id
        waiting = self.filtered(lambda c: c.wait_reason == "no_line")
        codes = set(waiting.mapped("product_code"))
        if len(tariff) != 1 or not waiting:
            raise UserError(
                self.env._(
                    "Choose charges that miss a line in one tariff: these have "
                    "%(count)s tariffs.",
                    count=len(tariff),
                )
            )
        kinds = set(waiting.mapped("kind"))
        return self._dialog(
            "telecom_fee_tariff_line_new_action",
            {
                "tariff_id": tariff.id,
                "product_code": codes.pop() if len(codes) == 1 else False,
                "kind": kinds.pop() if len(kinds) == 1 else False,
                "date_start": min(waiting.mapped("period_from")),
            },
        )

    def action_give_tariff(self) -> dict:
        """Give the customer of these charges a fixed-fee tariff."""
        self._check_not_invoiced()
        if len(self.partner_id) != 1:
            raise UserError(self.env._("Choose charges of one customer."))
        return self._dialog(
            "telecom_fee_tariff_assignment_new_action",
            {"partner_id": self.partner_id.id},
        )

    def _dialog(self, xmlid, values):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"telecom_cdr_fixed_fee.{xmlid}"
        )
        action["context"] = {
            f"default_{name}": fields.Date.to_string(value)
            if name.startswith("date_")
            else value
            for name, value in values.items()
        }
        return action
