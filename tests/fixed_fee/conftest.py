# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The addons as siblings in one package, as Odoo has them, but without Odoo."""

import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def _package(name: str, path: Path) -> None:
    """A package of a name without what its ``__init__`` would import."""
    package = ModuleType(name)
    package.__path__ = [str(path)]
    sys.modules[name] = package


_package("pure_addons", ROOT)
for addon in ("telecom_cdr", "telecom_cdr_fixed_fee"):
    _package(f"pure_addons.{addon}", ROOT / addon)
