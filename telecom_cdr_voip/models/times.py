# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Times as programs write them in an address."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_time(text: str) -> datetime:
    """A time in UTC without a zone, from ISO 8601 or the form of HTTP.

    :param text: 2026-10-05T08:00:00Z, or Mon, 05 Oct 2026 08:00:00 GMT as a
        Last-Modified says it; without a zone it is UTC
    :raises ValueError: for anything else
    """
    text = text.strip()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = _http_time(text)
    try:
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError as error:
        raise ValueError(text) from error


def _http_time(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError(text) from error
