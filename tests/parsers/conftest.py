# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Make `parsers` importable by itself, as the package of pure functions that it is."""

import sys
from pathlib import Path

ADDON = Path(__file__).resolve().parents[2] / "telecom_cdr"
sys.path.insert(0, str(ADDON))
