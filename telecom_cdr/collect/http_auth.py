# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who we are, for an HTTP API: in a header, in the query, or by a token of OAuth."""

import json
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote_plus, urlencode

from .contract import CollectError, Settings
from .http_client import Answer, HttpClient
from .http_request import Ask, HttpSettings, has_parameter

LARGEST_TOKEN = 1 << 16


class Authoriser:
    """Puts on requests what proves who asks."""

    def __init__(
        self, settings: Settings, http: HttpSettings, client: HttpClient
    ) -> None:
        self._username = settings.username
        self._password = settings.password
        self._http = http
        self._client = client
        self._token = ""
        self._is_renewed = False
        basic = _basic(settings.username, settings.password).removeprefix("Basic ")
        if settings.password:
            client.secrets.append(basic)

    def sign(self, ask: Ask) -> Ask:
        """A request with what the API wants to see; one for a token may go before."""
        http = self._http
        key = http.key_name.strip()
        if http.auth == "basic":
            value = _basic(self._username, self._password)
            return ask.with_header("Authorization", value)
        if http.auth == "bearer":
            return ask.with_header("Authorization", f"Bearer {self._password}")
        if http.auth == "header":
            return ask.with_header(key, self._password)
        if http.auth == "query" and not has_parameter(ask.url, key):
            return replace(ask, query=(*ask.query, (key, self._password)))
        if http.auth == "oauth":
            self._token = self._token or self._new_token()
            return ask.with_header("Authorization", f"Bearer {self._token}")
        return ask

    def renew(self) -> bool:
        """Forget a token that is not taken any more, once; whether there was one."""
        if self._http.auth != "oauth" or self._is_renewed:
            return False
        self._is_renewed = True
        self._token = ""
        return True

    def _new_token(self) -> str:
        """A token for the client: its secret in a header, else, where the server does
        not take it from there, in the body."""
        form = {"grant_type": "client_credentials"}
        if self._http.scope.strip():
            form["scope"] = self._http.scope.strip()
        basic = _basic(quote_plus(self._username), quote_plus(self._password))
        self._client.secrets.append(basic.removeprefix("Basic "))
        answer = self._ask_token(form, basic)
        if answer.status in (400, 401):
            answer.file.close()
            secret = {"client_id": self._username, "client_secret": self._password}
            answer = self._ask_token({**form, **secret}, "")
        with answer.file:
            token = self._read_token(answer)
        self._client.secrets.append(token)
        return token

    def _ask_token(self, form: dict[str, str], basic: str) -> Answer:
        ask = Ask("POST", self._http.token_url.strip(), body=urlencode(form).encode())
        ask = ask.with_header("Content-Type", "application/x-www-form-urlencoded")
        ask = ask.with_header("Accept", "application/json")
        if basic:
            ask = ask.with_header("Authorization", basic)
        return self._client.fetch(ask, LARGEST_TOKEN)

    def _read_token(self, answer: Answer) -> str:
        answer.file.seek(0)
        try:
            told = json.loads(answer.file.read())
        except ValueError:
            told = None
        told = told if isinstance(told, dict) else {}
        token = told.get("access_token")
        if answer.is_fine and isinstance(token, str) and token:
            return token
        words = (
            told.get("error_description") or told.get("message") or told.get("error")
        )
        if answer.is_fine or answer.status not in (400, 401, 403):
            raise self._client.error_of(answer)
        raise CollectError(
            "refused_access",
            "no token is given to us (%(problem)s)",
            problem=self._client.hide(str(words or answer.status)),
        )


def _basic(username: str, password: str) -> str:
    pair = f"{username}:{password}".encode()
    return f"Basic {b64encode(pair).decode()}"
