# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable

from odoo import http, models
from odoo.exceptions import UserError
from odoo.http import Response, content_disposition, request

from .portal_voip import PAGE, TelecomVoipPortal

URL = "/my/telecom/accounts"
ACCOUNT = "/my/telecom/account/<int:account_id>"


class TelecomAccountsPortal(TelecomVoipPortal):
    """SIP accounts and numbers of a customer."""

    @http.route(URL, methods=["GET"], readonly=True, **PAGE)
    def portal_my_accounts(self, **parameters: str) -> Response:
        voip = self._voip()
        return self._voip_page(
            "portal_my_accounts",
            "telecom_accounts",
            request.env._("Numbers and accounts"),
            accounts=[voip._account_values(one) for one in voip._accounts()],
            numbers=voip._number_cards(),
            may_name=voip._may_name(),
        )

    @http.route(ACCOUNT, methods=["GET"], readonly=True, **PAGE)
    def portal_my_account(self, account_id: int, **parameters: str) -> Response:
        voip = self._voip()
        account = voip._account(account_id)
        if not account:
            return request.redirect(URL)
        return self._voip_page(
            "portal_my_account",
            "telecom_accounts",
            account.label or account.login,
            account=voip._account_values(account),
            may_name=voip._may_name(),
            may_secrets=voip._may("secrets", account.company_id),
            may_networks=voip._may("networks", account.company_id),
            changes=voip._changes_of(account),
        )

    def _change_account(self, account_id: int, change: Callable) -> Response:
        """Change an account of the user's; of others nothing is known."""
        account = self._voip()._account(account_id)
        if not account:
            return request.redirect(URL)
        return self._telecom_change(
            f"/my/telecom/account/{account.id}", lambda: change(account)
        )

    # === NAMES === #

    @http.route(f"{ACCOUNT}/label", methods=["POST"], **PAGE)
    def portal_name_account(
        self, account_id: int, label: str | None = None, **parameters: str
    ) -> Response:
        def change(account: models.BaseModel) -> str:
            self._voip()._set_label(account, label)
            return request.env._("The name is changed.")

        return self._change_account(account_id, change)

    @http.route("/my/telecom/number/label", methods=["POST"], **PAGE)
    def portal_name_number(
        self, number: str | None = None, label: str | None = None, **parameters: str
    ) -> Response:
        voip = self._voip()

        def change() -> str:
            found = voip._own_number(number)
            if found:
                voip._set_label(found, label)
            return request.env._("The name is changed.")

        return self._telecom_change(URL, change)

    # === PASSWORD: never in a page, in an answer of its own === #

    @http.route(f"{ACCOUNT}/password", methods=["POST"], **PAGE)
    def portal_show_password(self, account_id: int, **parameters: str) -> Response:
        return self._password(account_id, "_show_password")

    @http.route(f"{ACCOUNT}/password/new", methods=["POST"], **PAGE)
    def portal_renew_password(self, account_id: int, **parameters: str) -> Response:
        return self._password(account_id, "_renew_password")

    def _password(self, account_id: int, method: str) -> Response:
        voip = self._voip()
        account = voip._account(account_id)
        if not account:
            return request.not_found()
        try:
            with request.env.cr.savepoint():
                answer = {"password": getattr(voip, method)(account)}
        except UserError as error:
            answer = {"error": str(error)}
        headers = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
        return request.make_json_response(answer, headers)

    # === NETWORKS === #

    @http.route(f"{ACCOUNT}/network/add", methods=["POST"], **PAGE)
    def portal_add_network(
        self,
        account_id: int,
        network: str | None = None,
        label: str | None = None,
        **parameters: str,
    ) -> Response:
        def change(account: models.BaseModel) -> str:
            self._voip()._add_network(account, network, label)
            return request.env._("The address is allowed.")

        return self._change_account(account_id, change)

    @http.route(f"{ACCOUNT}/network/remove", methods=["POST"], **PAGE)
    def portal_remove_network(
        self, account_id: int, network: str | None = None, **parameters: str
    ) -> Response:
        def change(account: models.BaseModel) -> str:
            self._voip()._remove_network(account, network)
            return request.env._("The address is not allowed any more.")

        return self._change_account(account_id, change)

    # === GUIDE === #

    @http.route(f"{ACCOUNT}/guide.pdf", methods=["GET"], **PAGE)
    def portal_account_guide(self, account_id: int, **parameters: str) -> Response:
        account = self._voip()._account(account_id)
        if not account:
            return request.redirect(URL)
        name = f"{account._guide_name()}.pdf"
        headers = [
            ("Content-Type", "application/pdf"),
            ("Content-Disposition", content_disposition(name)),
            ("Cache-Control", "no-store"),
        ]
        return request.make_response(account._guide_pdf(), headers)
