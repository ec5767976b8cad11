# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the format assistant has to say, so that it can be translated."""

from odoo.tools import LazyTranslate

from .reading_messages import register

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

# The texts of parsers/guess, which cannot translate. A test holds them equal.
TEXTS = [
    _lt("The sample is empty: choose a file with some calls."),
    _lt(
        "No columns were found in the sample: a delimiter (comma, semicolon, tab, |), "
        "or columns below each other are expected. Found: %(found)s"
    ),
    _lt("No column with the start of the calls was found: say which one it is."),
    _lt("No column with a caller or a called number was found: say which one it is."),
    _lt("No column with a duration was found: without one every call lasts 0 seconds."),
    _lt("The heading '%(heading)s' means it, and the values fit."),
    _lt("The first column whose values are all dates."),
    _lt("Day and month could be either: %(pattern)s is what the country writes."),
    _lt("Its times are never before those of the start."),
    _lt("The first column of numbers that can be dialled."),
    _lt("The next column of numbers, which differs from the caller's."),
    _lt("The values are amounts with decimals."),
    _lt("The values are the seconds from %(first)s to end."),
    _lt("The values are written as durations."),
    _lt(
        "Nothing says whether the durations are seconds or minutes: they are taken for "
        "%(unit)s."
    ),
    _lt("The values are words for it: %(example)s."),
    _lt("No value stands there twice."),
    _lt(
        "The rows are requests: a call lasts from the row of its %(begin)s to that of "
        "its %(end)s, found by the same '%(key)s'."
    ),
]
register(TEXTS)
