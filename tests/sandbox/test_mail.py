"""The mail catcher: a mail server that keeps everything and delivers nothing."""

import smtplib
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.server import SandboxServer, running_sandbox


def post(sandbox: SandboxServer, recipient: str, subject: str, text: str) -> None:
    """Hand a mail to the catcher, as any mailer does."""
    parts = urlsplit(sandbox.call("GET", "/control/api/mails")["smtp_url"])
    message = EmailMessage()
    message["From"] = "Farthing <no-reply@farthing.example>"
    message["To"] = recipient
    message["Subject"] = subject
    message["Message-ID"] = f"<{recipient}>"
    message.set_content(text)
    with smtplib.SMTP(str(parts.hostname), parts.port or 0, "tests", timeout=10) as server:
        server.send_message(message)


def test_a_mail_that_was_taken_is_kept_as_it_was_written(sandbox: SandboxServer) -> None:
    post(sandbox, "ada@kept.example", "Grüße — 12,50 €", "Line one\n\n.dotted\nzwölf\n")

    [mail] = sandbox.call("GET", "/control/api/mails?to=ada@kept.example")["mails"]
    assert mail["subject"] == "Grüße — 12,50 €"
    assert mail["text"].splitlines() == ["Line one", "", ".dotted", "zwölf"]
    assert mail["sender"] == "Farthing <no-reply@farthing.example>"
    assert mail["message_id"] == "<ada@kept.example>"


def test_mails_are_listed_latest_first_and_by_recipient(sandbox: SandboxServer) -> None:
    for number in range(3):
        post(sandbox, "list@order.example", f"Mail {number}", "x")
    post(sandbox, "blist@order.example", "Another's", "x")

    found = sandbox.call("GET", "/control/api/mails?to=list@order.example")["mails"]
    assert [mail["subject"] for mail in found] == ["Mail 2", "Mail 1", "Mail 0"]


@pytest.mark.parametrize("name,code", [("refused", 550), ("busy", 451)])
def test_some_recipients_are_not_taken(sandbox: SandboxServer, name: str, code: int) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        post(sandbox, f"{name}@shop.example", "Hello", "x")

    assert caught.value.recipients[f"{name}@shop.example"][0] == code
    assert sandbox.call("GET", f"/control/api/mails?to={name}@shop.example")["mails"] == []


def test_the_page_shows_mails_as_text(sandbox: SandboxServer) -> None:
    post(sandbox, "eve@page.example", "<script>alert(1)</script>", "<b>bold?</b>")

    page = requests.get(f"{sandbox.url}/mail", timeout=20)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "&lt;b&gt;bold?&lt;/b&gt;" in page.text
    assert "<script" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_mails_survive_a_restart_and_can_be_forgotten(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first:
        assert "None yet" in requests.get(f"{first.url}/mail", timeout=20).text
        post(first, "ada@shop.example", "Kept", "x")
        first.kill()
    with running_sandbox(tmp_path) as second:
        assert len(second.call("GET", "/control/api/mails")["mails"]) == 1
        second.call("DELETE", "/control/api/mails")
        assert second.call("GET", "/control/api/mails")["mails"] == []
