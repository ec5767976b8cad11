# Read by `odoo shell` in the database that the others are copied from, before the
# invoicing addon is installed there: makes its company a Spanish one, so that it gets
# the Spanish chart of accounts.
env = env  # noqa: F821, PLW0127 (given by the shell)

env.ref("base.EUR").active = True
env.ref("base.main_company").write(
    {
        "name": "My Telecom",
        "country_id": env.ref("base.es").id,
        "currency_id": env.ref("base.EUR").id,
    }
)
env.cr.commit()
