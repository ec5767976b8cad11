# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The main job, done once on shown data: files in, posted invoices out.

Writes a month of calls as carriers and PBXs would, serves it by a real SFTP server,
and has Odoo collect, read, price and invoice it by its own scheduled and server
actions. Prints what came of it and leaves Odoo running.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta

from demo_calls import write_month
from sftp_server import SftpServer

import odoo
from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tools import SQL

LOGINS = {
    "accountant": (
        "Alba Contable (accountant)",
        ["telecom_cdr.group_telecom_reader", "account.group_account_invoice"],
    ),
    "operator": (
        "Olga Redes (operator)",
        ["telecom_cdr.group_telecom_manager", "telecom_cdr.group_telecom_cost"],
    ),
    "seller": (
        "Sergio Ventas (seller, sees no costs)",
        ["telecom_cdr.group_telecom_user", "sales_team.group_sale_salesman"],
    ),
}
STATES = ("rated", "unmatched", "unrated", "late", "excluded", "invoiced")
COUNTS = {
    "duplicates": "duplicate_count",
    "skipped": "skipped_count",
    "merged": "merged_count",
    "rejected": "rejected_count",
}
# Which format reads which files; the mobile carrier's is a mapping of our own.
FORMATS = {
    "asterisk": "telecom_cdr.telecom_format_asterisk_master",
    "freepbx": "telecom_cdr.telecom_format_freepbx_cdr",
    "freeswitch": "telecom_cdr.telecom_format_freeswitch_example",
    "rated": "telecom_cdr.telecom_format_carrier_semicolon",
}
FEES = {
    "recurring": {"method": "markup", "markup": 40},
    "one_off": {"method": "price", "price": 45},
    "credit": {"method": "markup", "markup": 0},
}
MOBILE_FORMAT = {
    "name": "Movil Red: voice, messages, data",
    "has_header": True,
    "column_mapping": json.dumps(
        {
            "start": "start",
            "calling_number": "calling",
            "called_number": "called",
            "duration": "duration",
            "volume": "bytes",
            "carrier_amount": "amount",
            "service": "service",
            "visited_country": "visited",
        }
    ),
    "service_rules": json.dumps(
        [
            {"column": "service", "pattern": "^sms$", "service": "sms"},
            {"column": "service", "pattern": "^data$", "service": "data"},
        ]
    ),
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def last_month() -> date:
    """The first day of the month before this one."""
    return (date.today().replace(day=1) - timedelta(days=1)).replace(day=1)  # noqa: DTZ011


class Demo:
    """One run of the demo on an open environment."""

    def __init__(self, env: api.Environment, server: SftpServer, month: date):
        self.env = env
        self.server = server
        self.month = month

    def run(self) -> None:
        say("Creating logins and sources ...")
        self.create_logins()
        self.create_sources()
        self.env.cr.commit()
        say("Collecting the files over SFTP ...")
        self.trigger("telecom_cdr.ir_cron_telecom_collect")
        say("Reading and pricing them ...")
        while self.waiting_files():
            self.trigger("telecom_cdr.ir_cron_telecom_process")
        self.trigger("telecom_cdr.ir_cron_telecom_rate")
        say("Invoicing ...")
        self.invoice()

    def waiting_files(self) -> int:
        """Files that the scheduled action goes on with when it runs again."""
        waiting = [("state", "in", ("received", "processing"))]
        return self.env["telecom.file"].search_count(waiting)

    def trigger(self, cron: str) -> None:
        """Run a scheduled action as its schedule would."""
        self.env.ref(cron).method_direct_trigger()
        self.env.cr.commit()
        self.env.invalidate_all()

    def create_logins(self) -> None:
        """One person of each role, with the login's name as password."""
        groups = {"base.group_user"}
        for login, (name, names) in LOGINS.items():
            self._create_user(login, {"name": name}, {*groups, *names})
        ana = self.env.ref("telecom_cdr.partner_clinic_ana")
        self._create_user("customer", {"partner_id": ana.id}, {"base.group_portal"})
        self._give_main_right(ana)
        # Two customers speak Spanish, the book shop English.
        for name in ("hotel", "clinic"):
            self.env.ref(f"telecom_cdr.partner_{name}").lang = "es_ES"

    def _give_main_right(self, contact) -> None:
        """Let the login of the portal show what main users do for colleagues."""
        if "telecom.portal.right" in self.env:
            rights = self.env["telecom.portal.right"]
            if not rights.search_count([("partner_id", "=", contact.id)]):
                rights.create({"partner_id": contact.id, "is_main": True})

    def _create_user(self, login, values, groups) -> None:
        users = self.env["res.users"].with_context(no_reset_password=True)
        if users.search_count([("login", "=", login)]):
            return
        known = [self.env.ref(group, False) for group in groups]
        users.create(
            {
                **values,
                "login": login,
                "password": login,
                "group_ids": [
                    fields.Command.set([group.id for group in known if group])
                ],
            }
        )

    def create_sources(self) -> None:
        """One source for each kind of file, all on the same SFTP server."""
        wholesale = self.env.ref("telecom_cdr.carrier_wholesale")
        mobile = self.env.ref("telecom_cdr.carrier_mobile")
        mobile_format = self.env["telecom.format"].create(MOBILE_FORMAT)
        names = {
            "asterisk": "PBX of the hotel",
            "freepbx": "PBX of the clinic",
            "freeswitch": "Switch of the book shop",
            "rated": "Calls abroad, rated",
        }
        for kind, name in names.items():
            self._create_source(wholesale, name, kind, self.env.ref(FORMATS[kind]))
        self._create_source(mobile, "Mobile traffic", "mobile", mobile_format)
        self.env["telecom.source"].create(
            {
                "name": "Uploads",
                "carrier_id": wholesale.id,
                "format_id": self.env.ref("telecom_cdr.telecom_format_carrier_csv").id,
            }
        )

        self.create_fees(wholesale)

    def create_fees(self, carrier) -> None:
        """What the carrier charges beside calls, and what customers pay for it."""
        self.env.company.telecom_fee_tariff_id = self.env["telecom.fee.tariff"].create(
            {
                "name": "Fixed fees",
                "line_ids": [
                    fields.Command.create({"kind": kind, **values})
                    for kind, values in FEES.items()
                ],
            }
        )
        fee_format = self.env.ref("telecom_cdr_fixed_fee.telecom_format_fixed_fee")
        self._create_source(
            carrier, "Line rentals", "fees", fee_format, file_type="fixed_fee"
        )

    def _create_source(self, carrier, name, directory, telecom_format, **values):
        self.env["telecom.source"].create(
            {
                **values,
                "name": name,
                "carrier_id": carrier.id,
                "protocol": "sftp",
                "format_id": telecom_format.id,
                "host": self.server.host,
                "port": self.server.port,
                "username": self.server.username,
                "private_key": self.server.private_key,
                "host_key": self.server.host_key,
                "directory": directory,
                "settle_seconds": 0,
                # The switch of the book shop also serves a neighbour.
                "keep_unknown": directory != "freeswitch",
            }
        )

    def invoice(self) -> None:
        """Invoice the month from the list of customers, as an accountant does."""
        accountant = self.env["res.users"].search([("login", "=", "accountant")])
        env = self.env(user=accountant.id)
        payers = env["telecom.call"]._read_group(
            [("state", "=", "rated")], ["partner_id"]
        )
        partners = env["res.partner"].union(*(partner for (partner,) in payers))
        action = partners.action_telecom_invoice()
        wizard = env["telecom.invoice.wizard"].with_context(action["context"])
        following = (self.month + timedelta(days=32)).replace(day=1)
        record = wizard.create(
            {
                "date_from": self.month,
                "date_to": following - timedelta(days=1),
                "is_posted": True,
            }
        )
        record.action_invoice()
        env.cr.commit()

    def figures(self) -> dict:
        """What came of it, counted in the database."""
        env = self.env
        env.invalidate_all()
        files = env["telecom.file"].search([("file_type", "=", "usage")])
        moves = env["account.move"].search([("move_type", "=", "out_invoice")])
        states = dict(env["telecom.call"]._read_group([], ["state"], ["__count"]))
        return {
            "files": env["telecom.file"].search_count([]),
            "rows": sum(files.mapped("row_count")),
            "calls": env["telecom.call"].search_count([]),
            **{name: sum(files.mapped(column)) for name, column in COUNTS.items()},
            **{state: states.get(state, 0) for state in STATES},
            "invoices": len(moves),
            "amount_untaxed": self._sum_untaxed(moves),
            "currency": env.company.currency_id.name,
        }

    def _sum_untaxed(self, moves) -> str:
        """The sum as text: exact, as the database adds it up."""
        query = SQL(
            "SELECT COALESCE(sum(amount_untaxed), 0)::numeric(16, 2)::text"
            " FROM account_move WHERE id = ANY(%s)",
            list(moves.ids),
        )
        [(text,)] = self.env.execute_query(query)
        return text

    def show_files(self) -> None:
        """The files as a table: every row of them is accounted for."""
        columns = ("rows", "calls", "dupl.", "skip.", "merged", "reject.")
        print(f"{'file':<26}{'state':<12}" + "".join(f"{c:>9}" for c in columns))
        for file in self.env["telecom.file"].search([], order="id"):
            if file.parent_id and file.parent_id.child_ids[2:] & file:
                continue
            counts = (
                file.row_count,
                file.call_count,
                file.duplicate_count,
                file.skipped_count,
                file.merged_count,
                file.rejected_count,
            )
            print(
                f"{file.name[:25]:<26}{file.state:<12}"
                + "".join(f"{count:>9}" for count in counts)
            )

    def show_invoices(self) -> None:
        print()
        moves = self.env["account.move"].search(
            [("move_type", "=", "out_invoice")], order="name"
        )
        for move in moves:
            print(
                f"{move.name:<20}{move.partner_id.name:<26}{move.state:<10}"
                f"{move.telecom_call_count:>6} calls"
                f"{move.amount_untaxed:>12.2f} {move.currency_id.name}"
            )


def serve(port: str) -> subprocess.Popen:
    """Start Odoo on the database of the demo."""
    database = os.environ["TELECOM_DATABASE"]
    arguments = ["-d", database, "--http-port", port, "--db-filter", f"^{database}$"]
    return subprocess.Popen(["odoo", *arguments, "--log-level", "warn"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    run(options)


def run(options: argparse.Namespace) -> None:
    month = last_month()
    with SftpServer() as server:
        write_month(month, server.root)
        database = os.environ["TELECOM_DATABASE"]
        odoo.tools.config.parse_config(
            ["-d", database, "--no-http", "--log-level", "warn"]
        )
        with Registry(database).cursor() as cr:
            demo = Demo(api.Environment(cr, SUPERUSER_ID, {}), server, month)
            demo.run()
            demo.show_files()
            demo.show_invoices()
            figures = demo.figures()
            cr.commit()
        show(figures)
        if not options.once:
            keep_running()
    if options.json:
        print(json.dumps(figures))


def show(figures: dict) -> None:
    print()
    for name, value in figures.items():
        print(f"  {name:<16}{value:>12}")


def keep_running() -> None:
    """Leave Odoo running until Ctrl-C."""
    port = os.environ["TELECOM_HTTP_PORT"]
    server = serve(port)
    print(
        f"\nOdoo is running: http://127.0.0.1:{port}\n"
        "  log in as admin (password admin), or as accountant, operator, seller,\n"
        "  or customer (the portal), each with the login as password.\n"
        "  Ctrl-C ends it.",
        flush=True,
    )
    try:
        while server.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    main()
