# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from odoo import models
from odoo.exceptions import UserError

from ..provisioning import freeswitch, kamailio, pjsip
from ..provisioning.accounts import Removed, Snapshot

WRITERS = {
    "pjsip.conf": pjsip.config,
    "directory.xml": freeswitch.directory,
    "subscribers.csv": kamailio.subscribers_csv,
    "addresses.csv": kamailio.addresses_csv,
    "subscribers.sql": kamailio.sql,
}
# A change is dated when it is made and seen when its transaction ends: what is asked
# for since a time begins that much earlier. To hear of a change twice does no harm.
LATE = timedelta(minutes=10)


class TelecomSwitchProvisioningMixin(models.AbstractModel):
    """The accounts of a switch as the files that it reads."""

    _name = "telecom.switch.provisioning.mixin"
    _description = "Provisioning of Switches"

    def _provision(self, kind: str, since: datetime | None = None) -> str:
        """The text of a file.

        :param kind: its name, one of WRITERS
        :param since: UTC; only what changed from then on, with what was removed
        """
        self.ensure_one()
        if kind not in WRITERS:
            raise UserError(
                self.env._(
                    "There is no file '%(name)s' for a switch. There are: %(names)s.",
                    name=kind,
                    names=", ".join(WRITERS),
                )
            )
        return WRITERS[kind](self.sudo()._snapshot(since))

    def _directory_answer(self, question: Mapping[str, str]) -> str:
        """What mod_xml_curl of FreeSWITCH is told.

        :param question: the fields of its form
        """
        self.ensure_one()
        if question.get("purpose") == "network-list":
            snapshot = self.sudo()._snapshot()
        else:
            login = question.get("user") or ""
            snapshot = self.sudo()._snapshot_of(self._accounts([("login", "=", login)]))
        return freeswitch.answer(question, snapshot)

    def _provisioned_until(self) -> datetime | None:
        """When the last change was made that the switch has to know, or None."""
        self.ensure_one()
        own = [("switch_id", "=", self.id)]
        accounts = (
            self.env["telecom.sip.account"].sudo().with_context(active_test=False)
        )
        [[changed]] = accounts._read_group(own, [], ["changed_at:max"])
        removed = self.env["telecom.sip.removed"].sudo()
        [[gone]] = removed._read_group(own, [], ["removed_at:max"])
        return max(filter(None, (changed, gone)), default=None)

    def _snapshot(self, since: datetime | None = None) -> Snapshot:
        if since is None:
            return self._snapshot_of(self._accounts([]))
        begin = since - LATE
        accounts = self._accounts([("changed_at", ">=", begin)])
        removed = self.env["telecom.sip.removed"].search(
            [("switch_id", "=", self.id), ("removed_at", ">=", begin)]
        )
        gone = (Removed(id=one.account_key, login=one.login) for one in removed)
        return self._snapshot_of(accounts, gone, is_partial=True)

    def _snapshot_of(
        self,
        accounts: models.BaseModel,
        removed: Iterable[Removed] = (),
        is_partial: bool = False,
    ) -> Snapshot:
        served = accounts.filtered(lambda account: account._is_served())
        unserved = (account._as_removed() for account in accounts - served)
        return Snapshot(
            realm=self.domain,
            accounts=tuple(account._provisioned() for account in served),
            removed=(*removed, *unserved),
            is_partial=is_partial,
        )

    def _accounts(self, domain: list) -> models.BaseModel:
        accounts = (
            self.env["telecom.sip.account"].sudo().with_context(active_test=False)
        )
        return accounts.search([("switch_id", "=", self.id), *domain])
