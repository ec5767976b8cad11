# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .mixin_file_revert import READ_STATES


class TelecomSourceComparingMixin(models.AbstractModel):
    """How calls of a source are compared with those that others tell of."""

    _name = "telecom.source.comparing.mixin"
    _description = "Comparing of a Source"

    confirms_source_ids = fields.Many2many(
        "telecom.source",
        relation="telecom_source_confirmation",
        column1="confirming_id",
        column2="confirmed_id",
        string="Confirms files of",
        domain="[('carrier_id', '=', carrier_id), ('id', '!=', id),"
        " ('file_type', '=', 'usage')]",
        copy=False,
        help="The files of this source tell once more of the calls that these "
        "sources brought, as monthly ones do of the daily ones. No call of theirs "
        "that is known is stored; what is missing, extra or different is listed with "
        "the file, and the cost of calls that are not invoiced is corrected.",
    )
    confirmed_by_ids = fields.Many2many(
        "telecom.source",
        relation="telecom_source_confirmation",
        column1="confirmed_id",
        column2="confirming_id",
        string="Confirmed by files of",
        copy=False,
    )
    stores_extra_calls = fields.Boolean(
        string="Store calls that only it tells of",
        help="On: they become calls. Off: they are listed and skipped.",
    )
    confirmed_period = fields.Selection(
        [
            ("calls", "The days from its first call to its last"),
            ("months", "The whole months of its calls"),
        ],
        string="A file should tell of",
        required=True,
        default="calls",
        help="Calls of these days that it does not tell of are listed as missing.",
    )
    price_tolerance = fields.Float(
        string="Cost may differ by",
        digits=(18, 9),
        help="Smaller differences are not listed: carriers round their monthly files.",
    )
    compares_carriers = fields.Boolean(
        string="Compare with other carriers",
        help="A call that another carrier tells of too (a PBX and the carrier behind "
        "it, or two carriers) is stored once: that of the source which does not "
        "compare, else that of the carrier which was created first.",
    )
    same_start_seconds = fields.Integer(
        string="Starts may differ by (s)",
        default=5,
        help="Calls of the same numbers whose starts are so near are the same call.",
    )
    same_duration_seconds = fields.Integer(
        string="Durations may differ by (s)",
        default=5,
        help="Clocks and what counts as the begin of a call differ.",
    )
    same_call_action = fields.Selection(
        [
            ("count", "Is counted as a duplicate"),
            ("flag", "Waits for a person"),
        ],
        string="The second one",
        required=True,
        default="count",
    )

    _tolerance_positive = models.Constraint(
        "CHECK(same_start_seconds >= 0 AND same_duration_seconds >= 0"
        " AND price_tolerance >= 0)",
        "A tolerance is 0 or more.",
    )
    _tolerance_small = models.Constraint(
        "CHECK(same_start_seconds <= 600)",
        "Starts may differ by up to 600 seconds: further apart are other calls.",
    )

    @api.constrains("confirms_source_ids", "carrier_id", "file_type")
    def _check_confirms(self):
        for source in self:
            confirmed = source.confirms_source_ids
            if source in confirmed or confirmed.confirms_source_ids:
                raise ValidationError(
                    self.env._(
                        "%(name)s confirms files that confirm others. Choose the "
                        "sources whose calls are stored: the daily ones.",
                        name=source.display_name,
                    )
                )
            other = confirmed.filtered(
                lambda one, source=source: one.carrier_id != source.carrier_id
                or one.file_type != source.file_type
            )
            if other:
                raise ValidationError(
                    self.env._(
                        "%(name)s can only confirm usage files of its own carrier, "
                        "which %(other)s are not.",
                        name=source.display_name,
                        other=other[0].display_name,
                    )
                )

    def _is_confirming(self):
        return bool(self.sudo().confirms_source_ids)

    def _confirm_again(self, first, last, with_own=False):
        """Have files read again that confirm calls of these days, which are others now.

        In the transaction that changes the calls: what such a file has stored is not
        invoiced until it has been compared.

        :param with_own: also files of this source, where it is one that confirms
        """
        confirming = self.sudo().confirmed_by_ids
        if with_own and self._is_confirming():
            confirming |= self.sudo()
        if not confirming or not first:
            return
        files = self.env["telecom.file"].search(
            [
                ("source_id", "in", confirming.ids),
                ("state", "in", READ_STATES),
                ("date_first", "<=", last),
                ("date_last", ">=", first),
            ]
        )
        if files:
            files._read_from_start()
            files._trigger_processing()
