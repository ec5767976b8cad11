# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What reading databases of PBXs has to say, so that it can be translated."""

from odoo.tools import LazyTranslate

from .reading_messages import register

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

# The texts of collect/, which cannot translate. A test holds them equal.
TEXTS = [
    _lt(
        "The table %(table)s of %(host)s cannot be read: %(found)s. Correct it on the "
        "source, or have the user given the right to read it (SELECT)."
    ),
    _lt("%(kind)s is no kind of database server"),
    _lt("the database has no name"),
    _lt("no table is named"),
    _lt("no column to read is named"),
    _lt("the column of the time is not named"),
    _lt("no key column is named"),
    _lt("a number is too small"),
    _lt("the table must have %(column)s: no question mark behind it"),
    _lt(
        "'%(line)s' is no condition such as disposition = ANSWERED; known are =, !=, "
        "<, <=, >, >=, in, not in, like, not like, is null, is not null"
    ),
    _lt("user name and password are both needed"),
    _lt(
        "its last row is at %(last)s, far before %(until)s, until where it was read: "
        "is it another table now? Set back until where it was read"
    ),
    _lt("%(until)s is no place until where rows were read"),
    _lt(
        "it has rows of the future (%(last)s), which are left out until then: is a "
        "clock wrong?"
    ),
    _lt("there is no table %(table)s in %(schema)s that this user may read"),
    _lt("it has no column %(column)s, but %(columns)s"),
    _lt("the column %(column)s has no date and time, but %(type)s"),
    _lt("the column %(column)s has no whole number that grows, but %(type)s"),
    _lt("its column %(column)s holds %(value)s"),
    _lt("the user may not read it (%(problem)s)"),
    _lt("reading took longer than %(seconds)s seconds"),
    _lt(
        "it offers no encryption (TLS): switch that on at the server, or off at the "
        "source"
    ),
    _lt(
        "the server lets this user in without a password: have it ask for one, so that "
        "not everybody on this machine is let in"
    ),
    _lt("it holds text that is not in its own encoding"),
]

register(TEXTS)
