# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
from datetime import datetime, timedelta

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user
from odoo.tools import SQL

OWN_NUMBER = "+34910000001"
OTHER_NUMBER = "+34600000001"


class PortalCase(HttpCase):
    """Two customers of one company, each with a number and a portal user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.write({"telecom_tz": "Europe/Madrid"})
        cls.company.partner_id.country_id = cls.env.ref("base.es")
        cls.eur = cls.env.ref("base.EUR")
        cls.carrier = cls._create_carrier(cls.company)
        cls.acme = cls._create_customer("Acme Bakery")
        cls.rival = cls._create_customer("Rival Butcher")
        cls.user = cls._create_user("acme_portal", cls.acme)
        cls.rival_user = cls._create_user("rival_portal", cls.rival)
        cls.number = cls._create_number("+34910000001", cls.acme, label="Reception")
        cls.rival_number = cls._create_number("+34910000002", cls.rival)
        cls.portal = cls.env(user=cls.user)["telecom.portal"]

    # === FACTORIES === #

    @classmethod
    def _create_carrier(cls, company):
        return cls.env["telecom.carrier"].create(
            {
                "name": "Secret Carrier",
                "company_id": company.id,
                "country_id": cls.env.ref("base.es").id,
                "currency_id": cls.eur.id,
            }
        )

    @classmethod
    def _create_customer(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, **values}
        )

    @classmethod
    def _create_user(cls, login, parent, **values):
        """A contact of a customer who may enter the portal."""
        values.setdefault("tz", "Europe/Madrid")
        user = new_test_user(cls.env, login, groups="base.group_portal", **values)
        user.partner_id.parent_id = parent
        return user

    @classmethod
    def _create_number(cls, number, partner, **values):
        return cls.env["telecom.number"].create(
            {
                "number": number,
                "carrier_id": cls.carrier.id,
                "company_id": cls.company.id,
                "partner_id": partner.id,
                **values,
            }
        )

    @classmethod
    def _create_calls(cls, vals_list):
        """Calls as the importer stores them: rows of the table. Gives their ids."""
        rows = [cls._call_values(vals) for vals in vals_list]
        cls.env.flush_all()
        columns = SQL(", ").join(SQL.identifier(name) for name in rows[0])
        values = SQL(", ").join(SQL("%s", tuple(row.values())) for row in rows)
        query = SQL(
            "INSERT INTO telecom_call (%s) VALUES %s RETURNING id", columns, values
        )
        return [row[0] for row in cls.env.execute_query(query)]

    @classmethod
    def _create_call(cls, **vals):
        return cls._create_calls([vals])[0]

    @classmethod
    def _call_values(cls, vals):
        """A priced outgoing call of Acme, but for what `vals` says."""
        start_at = vals.get("start_at", datetime(2026, 7, 10, 8, 0))
        values = {
            "company_id": cls.company.id,
            "carrier_id": cls.carrier.id,
            "direction": "outgoing",
            "service": "voice",
            "calling_number": OWN_NUMBER,
            "called_number": OTHER_NUMBER,
            "is_withheld": False,
            "start_at": start_at,
            # The summer of Madrid, where the tests live.
            "day": (start_at + timedelta(hours=2)).date(),
            "duration": 60,
            "volume": None,
            "visited_country_id": None,
            "number_id": cls.number.id,
            "partner_id": cls.acme.id,
            "destination_id": None,
            "rate_id": None,
            "category": "mobile",
            "bundle_duration": 0,
            "cost": 0.777,
            "cost_currency_id": cls.eur.id,
            "margin": 0.555,
            "price": "0.10",
            "currency_id": cls.eur.id,
            "rating_state": "rated",
            "account_code": "ACCOUNT-SECRET",
            "trunk": "TRUNK-SECRET",
        }
        unknown = vals.keys() - values.keys()
        assert not unknown, f"add {unknown} to the factory"
        return values | vals

    @classmethod
    def _create_destination(cls, name, **values):
        return cls.env["telecom.destination"].create({"name": name, **values})

    @classmethod
    def _create_subscription(cls, partner, name="FIXED 500", **values):
        """A bundle of 500 minutes, given to a customer."""
        allowance = {"service": "voice", "seconds": 30_000}
        bundle = cls.env["telecom.bundle"].create(
            {
                "name": name,
                "company_id": values.pop("company_id", cls.company.id),
                "is_shared": values.pop("is_shared", True),
                "allowance_ids": [
                    Command.create(vals)
                    for vals in values.pop("allowances", [allowance])
                ],
            }
        )
        return cls.env["telecom.bundle.subscription"].create(
            {
                "partner_id": partner.id,
                "bundle_id": bundle.id,
                "date_start": datetime(2026, 1, 1),
                **values,
            }
        )

    @classmethod
    def _create_draw(cls, call_id, subscription, quantity, **values):
        return cls.env["telecom.bundle.draw"].create(
            {
                "call_id": call_id,
                "company_id": subscription.company_id.id,
                "subscription_id": subscription.id,
                "allowance_id": subscription.bundle_id.allowance_ids[:1].id,
                "period_start": "2026-07-01",
                "quantity": quantity,
                **values,
            }
        )

    @classmethod
    def _create_invoice(cls, partner, call_ids, is_posted=True):
        """An invoice with one line that bills calls."""
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": "2026-08-01",
                "invoice_line_ids": [
                    Command.create({"name": "Calls", "price_unit": 1.0, "tax_ids": []})
                ],
            }
        )
        if is_posted:
            move.action_post()
        cls.env.flush_all()
        cls.env.cr.executemany(
            "INSERT INTO telecom_call_invoice (call_id, move_line_id) VALUES (%s, %s)",
            [(call_id, move.invoice_line_ids.id) for call_id in call_ids],
        )
        return move

    # === ASKING === #

    def _open(self, url, user=None):
        """The page's text for a portal user; it must be that page."""
        login = (user or self.user).login
        if self.session is None or self.session.login != login:
            self.authenticate(login, login)
        response = self.url_open(url)
        self.assertEqual(response.status_code, 200, url)
        path = response.url.removeprefix(self.base_url()).partition("?")[0]
        self.assertEqual(path, url.partition("?")[0], "sent elsewhere")
        return response.text

    def _shown_ids(self, text):
        """Ids of the calls on a page, in order."""
        parts = text.split('data-call-id="')[1:]
        return [int(part.partition('"')[0]) for part in parts]
