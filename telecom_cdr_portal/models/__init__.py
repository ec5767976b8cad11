# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import telecom_portal_base
from . import telecom_portal_calls
from . import telecom_portal_texts
from . import telecom_portal_export
from . import telecom_portal_bundles
from . import telecom_portal
