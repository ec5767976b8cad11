# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What reading charges has to say, for translation."""

from odoo.tools import LazyTranslate

from odoo.addons.telecom_cdr.models.reading_messages import register

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

register(
    [
        _lt("'delimited' (charges are read from no other layout)"),
        _lt("The header has no column %(missing)s. It has: %(header)s."),
        _lt("The row has characters that do not decode."),
        _lt("The row is longer than any row may be."),
        _lt("The row has %(found)s columns, at least %(needed)s expected."),
        _lt("The charge is in %(found)s, the carrier's currency is %(currency)s."),
        _lt("The kind '%(found)s' is not known. Add the word to the format."),
        _lt("The row has no amount."),
        _lt("'%(found)s' is no quantity."),
        _lt("The quantity %(found)s is negative. Only a credit may have that."),
        _lt(
            "'%(found)s' is no amount: digits with '%(mark)s' as decimal mark are "
            "expected, no thousands separators, at most %(decimals)s decimals."
        ),
        _lt("The charge has no period."),
        _lt("A recurring charge needs the last day of its period."),
        _lt("The period ends (%(found)s) before it starts (%(first)s)."),
        _lt("'%(found)s' is no date as the format has it: %(formats)s."),
        _lt("The charge has no %(name)s."),
        _lt("A credit of %(found)s: its amount should be negative."),
        _lt("A %(kind)s charge of %(found)s: only credits are negative."),
        _lt(
            "A charge with the id %(found)s is stored with another amount, period, "
            "reference or product. Which one is right, the data do not tell."
        ),
        _lt(
            "A charge for %(found)s, of the same product and period, is stored from "
            "%(file)s with another amount or quantity. Take this one instead, take it "
            "beside, or leave it out."
        ),
        _lt("reference"),
        _lt("recurring"),
        _lt("one-off"),
        _lt("a field (%(known)s)"),
        _lt("an object {…}"),
        _lt("recurring, one_off or nothing"),
        _lt("a column for %(name)s"),
        _lt("a column for unit_amount or total_amount"),
        _lt("a kind, or a column for kind"),
    ]
)
