# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class TelecomEarlierTariff(models.Model):
    """A company's default tariff, or a carrier's cost tariff, until another came.

    Each holds from the end of the one before, the first from ever; what the company or
    the carrier has now holds from the last end on.
    """

    _name = "telecom.earlier.tariff"
    _description = "Earlier Tariff"
    _inherit = ["telecom.rates.again.mixin"]
    _order = "company_id, carrier_id, date_end desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    carrier_id = fields.Many2one(
        "telecom.carrier",
        index="btree_not_null",
        check_company=True,
        ondelete="cascade",
        help="Whose cost tariff it was. Empty: the default tariff of the company.",
    )
    tariff_id = fields.Many2one(
        "telecom.tariff",
        index="btree_not_null",
        check_company=True,
        ondelete="restrict",
        help="Empty: there was none.",
    )
    date_end = fields.Datetime(
        string="Until",
        required=True,
        help="Not included. The next tariff holds from then on; change it to say from "
        "when.",
    )

    _end_uniq = models.UniqueIndex(
        "(company_id, COALESCE(carrier_id, 0), date_end)",
        "Another earlier tariff ends at the same moment: each needs an end of its own.",
    )

    @api.depends("tariff_id", "date_end")
    def _compute_display_name(self):
        for earlier in self:
            earlier.display_name = self.env._(
                "%(tariff)s until %(date)s",
                tariff=earlier.tariff_id.name or self.env._("No tariff"),
                date=fields.Datetime.to_string(earlier.date_end) or "",
            )

    @api.constrains("carrier_id", "company_id")
    def _check_carrier(self):
        for earlier in self:
            carrier = earlier.carrier_id
            if carrier and carrier.company_id != earlier.company_id:
                raise ValidationError(
                    self.env._("%s belongs to another company.", carrier.name)
                )

    @api.model
    def _of(self, company, carrier=None):
        """Those of a company, or of a carrier, in order; as the system sees them."""
        own = Domain("company_id", "=", company.id)
        own &= Domain("carrier_id", "=", carrier.id if carrier else False)
        return self.sudo().search(own, order="date_end, id")

    @api.model
    def _keep(self, tariff, tariff_id, company, carrier=None):
        """Keep what has priced calls, when it is about to be replaced.

        :param tariff: what the company or the carrier has now
        :param tariff_id: what it will have
        """
        known = self._of(company, carrier)
        if tariff.id == (tariff_id or False) or not (
            tariff._has_priced() or (known and not tariff)
        ):
            return
        now = fields.Datetime.now()
        # A second change at the same moment: what was for no time leaves no trace.
        if now in known.mapped("date_end"):
            return
        self.sudo().create(
            {
                "company_id": company.id,
                "carrier_id": carrier.id if carrier else False,
                "tariff_id": tariff.id,
                "date_end": now,
            }
        )

    @api.model
    def _tariff_at(self, present, moment, company, carrier=None):
        """The tariff of a company or a carrier at a moment."""
        later = self._of(company, carrier).filtered(lambda one: one.date_end > moment)
        return later[0].tariff_id if later else present

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": one.company_id.id,
                    "carrier_id": one.carrier_id.id,
                    "date_end": one.date_end,
                }
                for one in self
            ]
        )
