# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the tests that no single addon owns share."""

import os
import sys
from pathlib import Path
from types import ModuleType

from hypothesis import HealthCheck, settings

ADDONS = Path(__file__).resolve().parents[1]


def _make_importable_without_odoo(addon: str) -> None:
    """Let pure tests import ``telecom_cdr.engine`` as a user without Odoo would.

    The addon's ``__init__`` imports its models and with them Odoo. A package of its
    name without an ``__init__`` leaves its folders importable and nothing else.
    """
    package = ModuleType(addon)
    package.__path__ = [str(ADDONS / addon)]
    sys.modules[addon] = package


_make_importable_without_odoo("telecom_cdr")
_make_importable_without_odoo("telecom_cdr_voip")

# How long an example takes says more about what else the machine does than about us.
settings.register_profile(
    "telecom",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # The same examples at every run, so that a change is judged by what it changed;
    # setup/test --soak looks for new ones.
    derandomize=not os.environ.get("TELECOM_SOAK"),
)
settings.load_profile("telecom")
