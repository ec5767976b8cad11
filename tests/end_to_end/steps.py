# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The steps that a process of Odoo does; run by processes.py.

Each is a transaction of its own, repeated by Odoo when it meets another one.
"""

import base64
import json
import sys
import time
from datetime import date
from functools import partial
from unittest.mock import patch

MAPPING = {
    "start": 1,
    "calling_number": 2,
    "called_number": 3,
    "duration": 4,
}


def prepare(env, name, customers, folder="", sources=1):
    """A company with a tariff, customers with a number each, and sources.

    :return: ids by name
    """
    company = env["res.company"].create(
        {
            "name": name,
            "country_id": env.ref("base.es").id,
            "currency_id": env.ref("base.EUR").id,
            "telecom_tz": "Europe/Madrid",
        }
    )
    env.user.company_ids += company
    env = env(context={"allowed_company_ids": company.ids})
    spain = {"country_id": env.ref("base.es").id, "tz": "Europe/Madrid"}
    carriers = env["telecom.carrier"].create(
        [{"name": f"{name} {i}", **spain} for i in range(sources)]
    )
    format_ = env["telecom.format"].create(
        {"name": name, "column_mapping": json.dumps(MAPPING), "minimum_columns": 4}
    )
    found = env["telecom.source"].create(
        [
            {
                "name": "Daily",
                "carrier_id": carrier.id,
                "format_id": format_.id,
                "protocol": "folder" if folder else "upload",
                "directory": f"{folder}/{i}",
            }
            for i, carrier in enumerate(carriers)
        ]
    )
    tariff = env["telecom.tariff"].create(
        {"name": name, "rate_ids": [(0, 0, {"price": 0.06})]}
    )
    env.company.telecom_tariff_id = tariff
    partners = env["res.partner"].create(
        [{"name": f"{name} {i:03}", "is_company": True} for i in range(customers)]
    )
    env["telecom.number"].create(
        [
            {
                "number": f"+34910{i:06}",
                "partner_id": partner.id,
                "carrier_id": carriers[0].id,
            }
            for i, partner in enumerate(partners)
        ]
    )
    env["telecom.rating.mark"].search([("company_id", "=", company.id)]).unlink()
    return {"company": company.id, "sources": found.ids, "partners": partners.ids}


def upload(env, source, name, path):
    """Keep a file of this machine as a file of a source."""
    with open(path, "rb") as stream:
        content = base64.b64encode(stream.read())
    values = {"source_id": source, "name": name, "content": content}
    return env["telecom.file"].create(values).id


def process(env, file):
    """What the button of a file does."""
    return env["telecom.file"].browse(file).action_process()


def process_all(env):
    """What the scheduled action does."""
    return env["telecom.file"]._cron_process()


def collect_all(env):
    """What the scheduled action does."""
    return env["telecom.source"]._cron_collect()


def collect(env, sources):
    """What the button of a source does."""
    action = env["telecom.source"].browse(sources).action_collect()
    return action["params"]["message"]


def load_accounts(env, company):
    """Journals and accounts to invoice with."""
    found = env["res.company"].browse(company)
    if found.chart_template:  # that of its country came with it
        return
    charts = env["account.chart.template"]
    charts.try_loading("generic_coa", found, install_demo=False)
    found.currency_id = env.ref("base.EUR")


def invoice(env, company, partners):
    """Invoice customers until the end of October; the invoices' ids."""
    env = env(context={"allowed_company_ids": [company]})
    last = date(2026, 10, 31)
    found = env["res.partner"].browse(partners)
    return env["telecom.invoicing"]._invoice(found, date(2026, 10, 1), last).ids


def start_run(env, company):
    """A run of October, previewed and begun, that the schedule has to work on."""
    env = env(context={"allowed_company_ids": [company]})
    run = env["telecom.run"].create(
        {"date_from": date(2026, 10, 1), "date_to": date(2026, 10, 31)}
    )
    run.action_preview()
    while run.work:
        run.sudo()._step()
    run.write({"work": "invoice", "started_by_id": env.uid})
    return run.id


def work_on_runs(env):
    """What the scheduled action does."""
    return env["telecom.run"]._cron_work()


def add_up(env):
    """What the scheduled action does that adds up calls."""
    return env["telecom.call.sum"]._cron_refresh()


def raise_prices(env, company, price):
    """Another price behind the back of whatever would rate the calls again."""
    env.cr.execute(
        "UPDATE telecom_rate SET price = %s WHERE company_id = %s", (price, company)
    )
    env.invalidate_all()
    return True


def rate_slowly(env, company, seconds):
    """Rate all calls again, and stay in the transaction for a while."""
    found = env["res.company"].browse(company)
    changed = env["telecom.rating"]._rate_again([], found)
    time.sleep(seconds)
    return changed


def invoice_slowly(env, company, partners, seconds):
    """Invoice customers, and stay in the transaction for a while."""
    ids = invoice(env, company, partners)
    time.sleep(seconds)
    return ids


def process_unpassed(env, file):
    """Read a file, and leave what it marks to others."""
    with patch.object(type(env["telecom.bundle.pass"]), "_run", return_value=0):
        return process(env, file)


def deal_out(env, company, seconds=0):
    """Deal all periods of a company out, and stay at work for a while in each."""
    from odoo.tools import SQL  # noqa: PLC0415 (pytest reads this file too)

    passes = type(env["telecom.bundle.pass"])
    read = passes._rated_calls

    def slowly(self, tables):
        calls = read(self, tables)
        time.sleep(seconds)
        return calls

    if seconds:
        every_call = SQL("c.company_id = %s", company)
        env["telecom.bundle.pass"]._mark_calls(every_call)
        env.cr.commit()
    with patch.object(passes, "_rated_calls", slowly):
        return env["telecom.bundle.pass"]._run(env["res.company"].browse(company))


def give_bundle(env, company, partners, price):
    """A bundle that costs something a month and includes ten seconds."""
    env = env(context={"allowed_company_ids": [company]})
    product = env["product.product"].create(
        {"name": "B", "type": "service", "list_price": price, "taxes_id": False}
    )
    bundle = env["telecom.bundle"].create(
        {
            "name": "B",
            "product_id": product.id,
            "allowance_ids": [(0, 0, {"seconds": 10})],
        }
    )
    for partner in partners:
        env["telecom.bundle.subscription"].create(
            {
                "bundle_id": bundle.id,
                "partner_id": partner,
                "date_start": "2026-10-01 00:00:00",
            }
        )
    return True


def main(database):
    """Take steps from the standard input until it ends."""
    from odoo import SUPERUSER_ID, api  # noqa: PLC0415 (pytest reads this file too)
    from odoo.exceptions import UserError  # noqa: PLC0415
    from odoo.modules.registry import Registry  # noqa: PLC0415
    from odoo.service.model import retrying  # noqa: PLC0415
    from odoo.tools import config  # noqa: PLC0415

    config.parse_config(["-d", database, "--no-http", "--max-cron-threads=0"])
    registry = Registry(database)
    answer("ready")
    for line in sys.stdin:
        step, values = json.loads(line)
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            try:
                answer(retrying(partial(globals()[step], env, **values), env))
            except UserError as error:
                cr.rollback()
                answer({"refused": str(error)})


def answer(value):
    """Tell the test, through a line of its own."""
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
