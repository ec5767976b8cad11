# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import telecom_fraud_unblock
from . import telecom_switch_trial
