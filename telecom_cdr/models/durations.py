# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Durations as people read them."""


def hms(seconds: int) -> str:
    """Write seconds as h:mm:ss: 3725 is 1:02:05."""
    hours, rest = divmod(int(seconds or 0), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
