# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What reading a rate sheet has to say, so that it can be translated."""

from odoo.tools import LazyTranslate

from .reading_messages import register

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

# The texts of the parsers, which cannot translate. A test holds them equal.
TEXTS = [
    _lt("Expected %(expected)s; found nothing."),
    _lt("Expected %(expected)s; found '%(found)s'."),
    _lt("digits of a dialling code, such as 34600, 34600-34609 or 34-600"),
    _lt("a code in the row, or a list of codes for its destination"),
    _lt("text in the encoding of the file"),
    _lt("a code such as EUR"),
    _lt("a date after the start"),
    _lt("the digits of a country code, such as 34"),
    _lt("a code that begins with the country code %(code)s"),
    _lt("digits alone, the last %(count)s being decimals"),
    _lt("an amount such as %(example)s"),
    _lt("an amount of at most 100,000,000"),
    _lt("increments in seconds such as 60/60 or 1/1"),
    _lt("increments such as 60/60 (the spreadsheet made a date of them)"),
    _lt("a next increment from 1 to %(most)s seconds"),
    _lt("whole seconds from %(least)s to %(most)s"),
    _lt("a date such as 2026-12-31, 31/12/2026 or 31-Dec-2026"),
    _lt(
        "either single codes or a range of longer ones: "
        "this may be a range of countries or a country with an area"
    ),
    _lt("a range from the lower to the higher code, equally long"),
    _lt("commas between codes, and no blanks in them"),
    _lt("all digits (the spreadsheet has cut them off: format the column as text)"),
    _lt("at most %(count)s digits"),
    _lt(
        "a code that begins with its country code, not with a 0 "
        "(or a column with the country code)"
    ),
    _lt("at most %(count)s codes in a cell"),
    # === WHAT A ROW NAMES === #
    _lt(
        "a code in the row, a list of codes for its destination, or the name of one of "
        "the company's destinations"
    ),
    _lt("one of the categories %(names)s"),
    _lt("one of the company's time bands %(names)s (empty: at any time)"),
    _lt("no time band: the company has none yet, so create it first"),
    _lt("a name that only one of them has"),
    _lt("a regular expression of the kind RE2, such as ^\\+34"),
    _lt("a whole number from 0 to %(most)s"),
    # === THE FILE === #
    _lt("one of %(names)s"),
    _lt("a number from 0 to 9"),
    _lt("one character"),
    _lt("names of columns or positions from 1"),
    _lt("There is no sheet '%(found)s'; the workbook has: %(names)s."),
    _lt("More than %(most)s prefixes: split the file."),
    _lt("More than %(lines)s lines or %(bytes)s bytes: split the file."),
    _lt(
        "No table of prices was found: expected %(expected)s. The fullest row holds: "
        "%(found)s. Say in the mapping which columns are which."
    ),
    _lt(
        "a row with the names of the columns, such as Prefix (Code, Dial code, "
        "Prefijo) and Rate (Price, Cost, Tarifa, Precio)"
    ),
    _lt("The workbook has %(found)s parts, %(most)s are allowed."),
    _lt("The workbook has %(found)s sheets, %(most)s are read."),
    _lt("More than %(most)s rows on '%(found)s': split it."),
    _lt("This zip file is no .xlsx workbook: unpack it first."),
    _lt(
        "This is an old Excel file (.xls) or one with a password: "
        "save it as .xlsx without a password."
    ),
    _lt(
        "This workbook cannot be read (%(error)s): "
        "open it and save it again as .xlsx, or as CSV."
    ),
    _lt("'%(found)s' in the workbook is encrypted: save it without password."),
    _lt("more than %(most)s bytes"),
    _lt("more than %(most)s times its packed size"),
    _lt("it declares entities of its own"),
    _lt("The file holds no rates."),
    # === COMPARING === #
    _lt("The price is in %(found)s, and the tariff in %(expected)s."),
    _lt("A price below 0: the tariff does not allow any."),
]
register(TEXTS)
