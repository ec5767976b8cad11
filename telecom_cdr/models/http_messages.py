# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What collecting from HTTP APIs has to say, so that it can be translated."""

from odoo.tools import LazyTranslate

from .reading_messages import register

_lt = LazyTranslate(__name__)
# No environment is at hand where these texts are listed.
# pylint: disable=prefer-env-translation

# The texts of collect/, which cannot translate. A test holds them equal.
TEXTS = [
    _lt("The request cannot be made: %(found)s. Correct it on the source."),
    _lt(
        "The server %(host)s does not let us in: %(found)s. Check user name and "
        "secret, and whether it wants to know this machine's address."
    ),
    _lt(
        "The server %(host)s answers with an error: %(found)s. What came before is "
        "stored; the next collection goes on from there."
    ),
    _lt(
        "An answer of %(host)s is not whole: %(found)s. Nothing of it was stored. "
        "Where a day has more calls than an answer can have, ask for pages or hours."
    ),
    _lt("the method is GET or POST, not %(method)s"),
    _lt("the key has no name"),
    _lt("the pattern of the file has no group: %(pattern)s"),
    _lt("numbers of days, pages and records cannot be negative"),
    _lt("it is not said where the next page is in an answer"),
    _lt("pages of XML or Excel cannot be put together"),
    _lt("only JSON tells the next page or a total, and the format reads other files"),
    _lt("%(url)s is no address, such as https://api.carrier.example/calls"),
    _lt("user name and password have fields of their own"),
    _lt("the host of the address must be written out"),
    _lt("%(pattern)s is no regular expression (%(error)s)"),
    _lt("'%(line)s' is no line such as name%(mark)svalue"),
    _lt(
        "%(found)s is no placeholder; known are {from:%%Y-%%m-%%d}, {to:...}, "
        "{end:...}, {page}, {offset}, {size}, {token}, {username}, {password}"
    ),
    _lt("%(problem)s, and wants us to wait for %(seconds)s seconds"),
    _lt("more than %(count)s redirects"),
    _lt("it sends us to another server, %(host)s"),
    _lt("an answer has more than %(limit)s bytes"),
    _lt("the answer ended early"),
    _lt("the proxy of this machine does not let us through"),
    _lt("no token is given to us (%(problem)s)"),
    _lt("a web page came instead of calls"),
    _lt("JSON came instead of lines: %(problem)s"),
    _lt("the answer has nothing at %(path)s: %(problem)s"),
    _lt("no JSON came, but '%(found)s'"),
    _lt("the JSON ends early or is damaged"),
    _lt("the API says '%(found)s'"),
    _lt("the answer has no number of records at %(path)s"),
    _lt("the answer does not look as expected (%(pattern)s): '%(found)s'"),
    _lt("a page has another header than the first"),
    _lt(
        "page %(number)s has the records of those before it: the server does not "
        "understand the paging, or pages shift"
    ),
    _lt("%(count)s of %(total)s records came"),
    _lt("%(count)s records came, as many as an answer can have"),
    _lt("more than %(count)s pages"),
    _lt("the next page is at another server: %(url)s"),
    _lt("new calls shift the pages of %(period)s while they are read"),
]

register(TEXTS)
