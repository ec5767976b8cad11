# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import (
    mixin_billed,
    mixin_charge_solving,
    mixin_charge_split,
    mixin_invoicing_own_charges,
    reading_messages,
)

# isort: split

from . import (
    res_company,
    res_config_settings,
    res_partner,
    telecom_fee_tariff,
    telecom_fee_tariff_line,
    telecom_fee_tariff_assignment,
    telecom_fee_rule,
    telecom_carrier,
    telecom_bundle,
    telecom_bundle_subscription,
    telecom_format,
    telecom_format_column,
    telecom_source,
    telecom_rejection,
    telecom_file,
    telecom_number,
    telecom_charge,
    telecom_own_charge,
    telecom_reconciliation,
    telecom_waiting,
    telecom_fee_drift_seen,
    telecom_fee_drift,
    account_move_line,
    account_move,
    telecom_invoicing,
    telecom_run,
    telecom_run_gap,
)
