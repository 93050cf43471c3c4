"""A person at the dashboard: keeps cookies, sends forms with their token, speaks htmx when asked to."""

import contextvars
import json
import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.factories import PASSWORD

HTMX = {"HX-Request": "true"}
_FIELD = re.compile(r"<input[^>]*>")


class Visitor:
    """One browser."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        """Follow a link."""
        return self._open("GET", path, headers=_named(headers))

    def htmx(self, path: str) -> TestResponse:
        """Ask for a part of a page, as htmx does."""
        return self._open("GET", path, headers=HTMX)

    def post(
        self, path: str, form: dict[str, str] | None = None, *, htmx: bool = False, **headers: str
    ) -> TestResponse:
        """Send a form as it stands on its page, hidden fields included, with `form` typed into it."""
        data = self.hidden_fields(path) | (form or {})
        sent = (HTMX if htmx else {}) | _named(headers)
        return self._open("POST", path, data=data, headers=sent)

    def post_raw(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        """Send exactly this."""
        return self._open("POST", path, data=form, headers=_named(headers))

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Type e-mail and password."""
        return self.post("/login", {"email": email, "password": password})

    def hidden_fields(self, path: str) -> dict[str, str]:
        """The hidden fields of the page's last form, its token with them."""
        page = self.get(path)
        text = page.text if page.status_code == 200 else self.get("/dashboard/settings/").text
        found = {}
        for tag in _FIELD.findall(text):
            kind, name, value = (_attribute(tag, n) for n in ("type", "name", "value"))
            if kind == "hidden" and name:
                found[name] = value
        return found

    def cookie(self, name: str) -> str:
        """A cookie's value."""
        found = self._client.get_cookie(name)
        assert found is not None
        return found.value

    def _open(self, method: str, path: str, **more: Any) -> TestResponse:
        # In a context of its own, as a server would give it: not in that of the test. And as a server
        # does, an answer is read to its end and closed.
        return contextvars.Context().run(
            self._client.open, path, method=method, buffered=True, **more
        )


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found.group(1) if found else ""


def toast_of(answer: TestResponse) -> str:
    """The sentence that the page is told to show."""
    return str(json.loads(answer.headers["HX-Trigger"])["toast"]["message"])
