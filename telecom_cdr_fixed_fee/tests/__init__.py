# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    test_charge_access,
    test_charge_conflict,
    test_charge_costs,
    test_charge_file,
    test_charge_format,
    test_charge_invoicing,
    test_charge_matching,
    test_charge_messages,
    test_charge_once,
    test_charge_pricing,
    test_charge_reconciliation,
    test_charge_refusals,
    test_charge_rules,
    test_charge_split,
    test_charge_waiting,
    test_fee_drift,
    test_own_charge,
    test_screens_charges,
)
