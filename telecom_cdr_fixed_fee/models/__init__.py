# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import mixin_billed, reading_messages

# isort: split

from . import (
    res_company,
    res_config_settings,
    res_partner,
    telecom_fee_tariff,
    telecom_fee_tariff_line,
    telecom_fee_tariff_assignment,
    telecom_format,
    telecom_format_column,
    telecom_source,
    telecom_rejection,
    telecom_file,
    telecom_number,
    telecom_charge,
    account_move_line,
    account_move,
    telecom_invoicing,
)
