# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import portal
from . import portal_overview
from . import portal_calls
from . import portal_bundles
from . import portal_disputes
from . import portal_settings
from . import portal_colleagues
from . import portal_orders
