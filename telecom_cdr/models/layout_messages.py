# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What reading the layouts of files has to say, so that it can be translated."""

from odoo.tools import LazyTranslate

from .reading_messages import register

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

# The texts of the parsers, which cannot translate. A test holds them equal.
TEXTS = [
    _lt("This is no sound %(expected)s: %(found)s."),
    _lt("The record has no %(expected)s. It has: %(found)s."),
    _lt("The call began here, and no row tells its end (rows of '%(found)s')."),
    _lt("The call ended here, no row tells its begin (rows of '%(found)s')."),
    _lt("nothing: from 'start' to 'end' is the call"),
    _lt("both 'start' and 'end', or neither"),
    _lt(
        "The name '%(found)s' does not say what the format takes from it "
        "(%(pattern)s). Rename the file, or correct the pattern."
    ),
    _lt(
        "This is no JSON: it begins with '%(found)s', an object or a list was "
        "expected. Choose the layout that the file has."
    ),
    _lt(
        "This is no XML: it begins with '%(found)s', '<' was expected. Choose the "
        "layout that the file has."
    ),
    _lt(
        "Nothing is at '%(found)s', where the records should be. The file has: "
        "%(names)s. Correct the path of the records."
    ),
    _lt(
        "The file declares the entity '%(found)s'. Files with entities of their "
        "own are not read: they could grow without end."
    ),
    _lt("This is no workbook (.xlsx). Choose the layout that the file has."),
    _lt("There is no sheet '%(found)s'. The workbook has: %(sheets)s."),
    _lt(
        "The %(place)s record is missing, which states the %(total)s: the file may "
        "have been cut off."
    ),
    _lt("The %(place)s record states '%(found)s' for the %(total)s, no number."),
    _lt(
        "The %(place)s record states %(expected)s for the %(total)s, found: %(found)s."
    ),
    _lt(
        "The file is not what it says of itself. %(differences)s Its calls are "
        "stored, but none of them is invoiced: get the file again from the carrier "
        "and take these calls back, or accept the difference."
    ),
    _lt("header"),
    _lt("trailer"),
    _lt("number of records"),
    _lt("sum of seconds"),
    _lt("sum of amounts"),
    _lt("nothing (the layout is %(layout)s)"),
    _lt("a number from 1 to %(limit)s"),
    _lt("a pattern for it in record_types"),
    _lt("a column for %(field)s in the column mapping"),
    _lt("fewer calls in a row"),
    _lt("'first', 'last' or 'longest', unless 'prefer' picks the rows"),
    _lt("a name of fixed_columns or its position"),
    _lt("names of what is around the records, such as data.rows"),
    _lt(
        "'%(found)s' stands for an amount that is not shown. Leave it in its row and "
        "column as it was, or put an amount there."
    ),
    _lt("the name of a sheet"),
    _lt("the number of columns (the format has no header)"),
    _lt("the number of implied decimals, from 1 to 9"),
    _lt("nothing: a count is a whole number"),
    _lt("a name that is no number"),
    _lt("a name for each column, once"),
    _lt("a pattern with named groups, (?P<name>…)"),
    _lt("a list of patterns"),
    _lt("a list of columns"),
    _lt("a list of control totals"),
    _lt("a list of column mappings"),
    _lt("an object"),
]

register(TEXTS)
