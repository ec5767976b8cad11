# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.telecom_call import REASONS
from odoo.addons.telecom_cdr.models.waiting_sql import KINDS
from odoo.addons.telecom_cdr.parsers import numbering

from .telecom_charge import WAIT_REASONS
from .telecom_fee_tariff_line import KINDS as CHARGE_KINDS

# The remainder of the ids of groups of charges, see waiting_sql.
CHARGES = 4
CHARGE_CAUSES = ("charge_unmatched", "charge_unpriced")
KNOWN_REASONS = {code for code, _label in REASONS}


class TelecomWaiting(models.Model):
    """Charges of carriers wait beside calls, each group with what solves it."""

    _inherit = "telecom.waiting"
    _depends = {
        "telecom.charge": [
            "state",
            "wait_reason",
            "reference",
            "product_code",
            "partner_id",
            "fee_tariff_id",
            "active",
        ],
    }

    cause = fields.Selection(
        selection_add=[
            ("charge_unmatched", "Charges without a customer"),
            ("charge_unpriced", "Charges without a price"),
        ]
    )
    reason = fields.Selection(
        selection_add=[item for item in WAIT_REASONS if item[0] not in KNOWN_REASONS]
    )
    charge_kind = fields.Selection(CHARGE_KINDS, readonly=True)
    charge_partner_id = fields.Many2one(
        "res.partner", string="Customer of the charges", readonly=True
    )
    charge_tariff_id = fields.Many2one(
        "telecom.fee.tariff", string="Fixed-fee tariff", readonly=True
    )

    @property
    def _table_query(self):
        return SQL(
            "SELECT w.*, NULL AS charge_kind, NULL::int AS charge_partner_id,"
            " NULL::int AS charge_tariff_id FROM (%s) w UNION ALL %s",
            super()._table_query,
            waiting_charges(),
        )

    def _told(self):
        """The reference, product or customer, as people call it."""
        if self.cause not in CHARGE_CAUSES:
            return super()._told()
        if self.cause == "charge_unmatched":
            return numbering.format_international(self.subject or "")
        if self.charge_partner_id:
            return self.charge_partner_id.display_name
        kinds = dict(self._fields["charge_kind"]._description_selection(self.env))
        what = self.subject or self.env._("Without a code")
        names = [what, kinds.get(self.charge_kind), self.charge_tariff_id.name]
        return " · ".join(name for name in names if name)

    # === WHAT STANDS BEHIND A ROW === #

    def _charges(self):
        """The charges of these groups."""
        domain = Domain.OR(row._charge_domain() for row in self)
        return self.env["telecom.charge"].search(domain)

    def _charge_domain(self):
        """What a group is told by, see `waiting_charges`."""
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("carrier_id", "=", self.carrier_id.id)
            & Domain("state", "=", self.cause.removeprefix("charge_"))
            & Domain("wait_reason", "=", self.reason)
        )
        if self.cause == "charge_unmatched":
            return domain & Domain("reference", "=", self.subject)
        if self.reason == "no_tariff":
            return domain & Domain("partner_id", "=", self.charge_partner_id.id)
        if self.reason == "no_currency_rate":
            return domain & Domain("period_from", "=", self.subject)
        domain &= Domain("product_code", "in", [self.subject or False])
        domain &= Domain("kind", "=", self.charge_kind)
        if self.reason == "no_line":
            domain &= Domain("fee_tariff_id", "=", self.charge_tariff_id.id)
        return domain

    def action_open(self) -> dict:
        """Open what stands behind a row."""
        self.ensure_one()
        if self.cause not in CHARGE_CAUSES:
            return super().action_open()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        action.update(name=self.name, display_name=self.name, context={})
        action["domain"] = [("id", "in", self._charges().ids)]
        return action

    # === WHAT SOLVES IT === #

    def action_charge_assign(self) -> dict:
        """Say whose these charges are."""
        return self._of_causes("charge_unmatched")._charges().action_assign()

    def action_charge_rule(self) -> dict:
        """Write a rule for these charges and those to come."""
        return self._of_causes("charge_unmatched")._charges().action_add_rule()

    def action_charge_price(self) -> dict:
        """Add the price that is missing, or give the customer a tariff."""
        charges = self._of_causes("charge_unpriced")._charges()
        if self[:1].reason == "no_tariff":
            return charges.action_give_tariff()
        return charges.action_add_price()

    def action_charge_exclude(self) -> dict:
        """Leave these charges out for good."""
        self._of_causes(*CHARGE_CAUSES)._charges().action_exclude()
        return self._reload()


def waiting_charges() -> SQL:
    """Charges that wait, by what solves them; the columns of telecom.waiting."""
    return SQL(
        """
        SELECT min(g.id)::bigint * %(kinds)s + %(kind)s AS id, g.company_id,
               'charge_' || g.state AS cause, g.carrier_id, NULL::int AS source_id,
               NULL::int AS file_id, NULL::int AS missing_id,
               NULL::int AS destination_id, NULL AS prefix, g.subject,
               g.wait_reason AS reason, NULL AS direction, NULL AS service,
               count(*) AS record_count, NULL::bigint AS duration,
               sum(g.cost)::numeric AS cost, NULL::numeric AS loss,
               g.cost_currency_id AS currency_id,
               min(g.period_from)::timestamp AS oldest,
               g.kind AS charge_kind, g.partner_id AS charge_partner_id,
               g.fee_tariff_id AS charge_tariff_id
          FROM (
               SELECT c.id, c.company_id, c.state, c.carrier_id, c.wait_reason, c.cost,
                      c.cost_currency_id, c.period_from,
                      CASE WHEN c.state = 'unmatched' THEN c.reference
                           WHEN c.wait_reason IN ('no_line', 'no_cost')
                           THEN COALESCE(c.product_code, '')
                           WHEN c.wait_reason = 'no_currency_rate'
                           THEN to_char(c.period_from, 'YYYY-MM-DD')
                           ELSE '' END AS subject,
                      CASE WHEN c.wait_reason IN ('no_line', 'no_cost')
                           THEN c.kind END AS kind,
                      CASE WHEN c.wait_reason = 'no_tariff'
                           THEN c.partner_id END AS partner_id,
                      CASE WHEN c.wait_reason = 'no_line'
                           THEN c.fee_tariff_id END AS fee_tariff_id
                 FROM telecom_charge c
                WHERE c.state IN ('unmatched', 'unpriced') AND c.active
               ) g
      GROUP BY g.company_id, g.state, g.carrier_id, g.wait_reason, g.subject, g.kind,
               g.partner_id, g.fee_tariff_id, g.cost_currency_id
        """,
        kinds=KINDS,
        kind=CHARGES,
    )
