# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a switch asks, and what is known of it."""

from typing import NamedTuple


class Asked(NamedTuple):
    """A request of a switch; all texts as they came, of any content.

    remote: address of who asks. login: of the account. address: of the telephone.
    reference: the switch's name of the call. direction: "out", or "in" for a call to
    one of our numbers; then condition: why it is to be redirected (always, busy,
    no_answer, unreachable).
    """

    switch_id: int
    key: str
    remote: str = ""
    login: str = ""
    address: str = ""
    called: str = ""
    calling: str = ""
    reference: str = ""
    direction: str = "out"
    condition: str = "always"


class Facts(NamedTuple):
    """A switch, its company and one of its accounts, in the order of the query."""

    key_hash: str | None
    allowed_networks: str | None
    rate_limit: int
    time_reserved: int
    is_switch_active: bool
    company_id: int
    longest: int
    ends_calls: bool
    unblocked: str | None
    country: str
    version: str
    account_id: int | None
    account_state: str | None
    partner_id: int | None
    caller_number_id: int | None
    networks: list[str]
    numbers: list[dict] | None
