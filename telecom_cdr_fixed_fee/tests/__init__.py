# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    test_charge_access,
    test_charge_file,
    test_charge_format,
    test_charge_invoicing,
    test_charge_matching,
    test_charge_messages,
    test_charge_pricing,
)
