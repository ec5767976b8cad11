# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import os

# Arrow's own pool reserves a gigabyte of addresses, which counts against the
# memory limit of Odoo's workers. Set before anything imports it.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

from . import controllers, models, wizards
from .hooks import post_init_hook, pre_init_hook
