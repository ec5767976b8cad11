# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import authorise, provision
from . import portal_voip
from . import portal_accounts
from . import portal_blocks
from . import portal_redirects
