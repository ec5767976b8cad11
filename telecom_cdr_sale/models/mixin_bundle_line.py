# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class TelecomBundleLine(models.AbstractModel):
    """A line of a document that sells bundles: what its customer has by it.

    Whoever inherits it has ``product_id``, ``company_id``, the ``parent.partner_id``
    of its form, and ``telecom_subscription_ids``: the bundles given by the line.
    """

    _name = "telecom.bundle.line.mixin"
    _description = "Line that Sells Bundles"

    telecom_bundle_id = fields.Many2one(
        "telecom.bundle",
        string="Bundle",
        compute="_compute_telecom_bundle_id",
        compute_sudo=True,
    )
    telecom_number_ids = fields.Many2many(
        "telecom.number",
        string="Numbers",
        check_company=True,
        domain="[('partner_id', 'child_of', parent.partner_id)]",
        help="Those that the bundle is for. Empty: all numbers of the customer.",
    )

    @api.depends("product_id", "company_id")
    def _compute_telecom_bundle_id(self):
        bundles = self.env["telecom.bundle"].search(
            [
                ("product_id", "in", self.product_id.ids),
                ("company_id", "in", self.company_id.ids),
                ("next_ids", "=", False),
            ],
            order="id desc",
        )
        known = {(one.product_id, one.company_id): one for one in bundles}
        for line in self:
            line.telecom_bundle_id = known.get((line.product_id, line.company_id))

    # === FOR WHOEVER INHERITS IT === #

    def _telecom_quantity(self):
        """How often the line sells its bundle."""
        raise NotImplementedError

    def _telecom_document(self):
        """The document that the line is of."""
        raise NotImplementedError

    def _prepare_subscription(self):
        """Values of a bundle that the customer is given by this line."""
        raise NotImplementedError

    # === THE CUSTOMER'S BUNDLES === #

    def _give_telecom_bundles(self):
        """Have customers hold as many as lines sell: more from now, or less from now.

        What they had until now stays as it was, and so does what it cost.
        """
        values_list = []
        # A later version may have been made since it was looked at.
        self.invalidate_recordset(["telecom_bundle_id"])
        self.sudo()._make_usage_bundles()
        for line in self.sudo():
            held = line._telecom_held()
            missing = line._telecom_missing(held)
            if missing > 0:
                values_list += [line._prepare_subscription()] * missing
            elif missing < 0:
                held[:-missing]._with_earlier()._end_sold()
        self.env["telecom.bundle.subscription"].sudo().create(values_list)

    def _make_usage_bundles(self):
        """Telephony that companies share has a bundle in each that sells it."""
        for line in self.filtered("product_id.telecom_usage"):
            if not line.telecom_bundle_id:
                template = line.product_id.product_tmpl_id
                template.with_company(line.company_id)._make_usage_bundles()
                line.invalidate_recordset(["telecom_bundle_id"])

    def _telecom_missing(self, held):
        """How many the customer lacks of what is sold; below 0: has too many."""
        if not self.telecom_bundle_id and not held:
            return 0
        missing = self._telecom_bundle_count() - len(held)
        return missing if self.telecom_bundle_id else min(missing, 0)

    def _telecom_held(self):
        """What the customer has by this line, the newest first.

        What gives way to a later version of the bundle is that one.
        """
        return self.telecom_subscription_ids.filtered(
            lambda one: one.state != "ended" and not one.next_ids
        ).sorted(lambda one: (one.date_start, one.id), reverse=True)

    def _telecom_bundle_count(self):
        quantity = self._telecom_quantity()
        if quantity < 0 or quantity % 1:
            raise UserError(
                self.env._(
                    "%(bundle)s is sold %(quantity)s times on %(document)s: a customer "
                    "has a bundle a whole number of times. Correct the quantity.",
                    bundle=self.product_id.display_name,
                    quantity=quantity,
                    document=self._telecom_document().display_name,
                )
            )
        return int(quantity)
