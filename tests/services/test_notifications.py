"""Mails are written with what they tell of, sent once it is true, and given up when they are old."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.adapters.mail import NoMailer, SmtpMailer
from app.domain.errors import MailRefused, MailUnavailable
from app.domain.ports import OutgoingMail
from app.services import merchants, notifications
from app.services.deps import Deps
from app.store.db import in_unit, transaction
from app.store.mails import Mail
from tests.factories import PASSWORD, Shop, TestClock
from tests.sandbox.server import SandboxServer


class Post:
    """A mailer in memory; `trouble` maps a recipient to what happens to mails for it."""

    is_set_up = True

    def __init__(self) -> None:
        self.sent: list[OutgoingMail] = []
        self.tried: list[OutgoingMail] = []
        self.trouble: dict[str, Exception] = {}
        self.during: Callable[[], None] = lambda: None

    def send(self, mail: OutgoingMail) -> None:
        assert not in_unit()
        self.tried.append(mail)
        self.during()
        if mail.recipient in self.trouble:
            raise self.trouble[mail.recipient]
        self.sent.append(mail)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def mailing(deps: Deps, post: Post) -> Deps:
    """The ports, with a mailer that does as it is told."""
    return replace(deps, mailer=post)


def write(deps: Deps, shop: Shop, recipient: str = "ada@shop.example") -> str:
    with transaction() as session:
        return notifications.queue_mail(
            session,
            deps,
            shop.merchant_id,
            kind="endpoint_disabled",
            recipient=recipient,
            subject="Webhooks\r\nare off",
            body="Your endpoint was switched off.\n",
        )


def stored(shop: Shop, mail_id: str) -> Mail:
    with transaction() as session:
        found = session.get(Mail, (shop.merchant_id, mail_id))
        assert found is not None
        return found


def test_a_mail_is_sent_once_and_outside_of_any_unit(mailing: Deps, shop: Shop, post: Post) -> None:
    mail_id = write(mailing, shop)

    assert [notifications.send_due(mailing) for _ in range(2)] == [1, 0]
    assert post.sent == [
        OutgoingMail(
            "ada@shop.example", "Webhooks are off", "Your endpoint was switched off.\n", mail_id
        )
    ]
    row = stored(shop, mail_id)
    assert (row.status, row.attempts, row.next_attempt_at, row.error) == ("sent", 1, None, None)
    assert row.sent_at is not None


def test_a_mail_of_what_did_not_happen_is_not_sent(mailing: Deps, shop: Shop, post: Post) -> None:
    def undone() -> None:
        with transaction() as session:
            notifications.queue_mail(
                session,
                mailing,
                shop.merchant_id,
                kind="endpoint_disabled",
                recipient="ada@shop.example",
                subject="Webhooks are off",
                body="It was not switched off after all.",
            )
            raise ConnectionError

    with pytest.raises(ConnectionError):
        undone()
    assert notifications.send_due(mailing) == 0
    assert post.tried == []


def test_a_mail_is_tried_for_three_days_under_one_id_and_then_given_up(
    mailing: Deps, shop: Shop, post: Post, clock: TestClock
) -> None:
    mail_id = write(mailing, shop)
    written_at = stored(shop, mail_id).created_at
    post.trouble["ada@shop.example"] = MailUnavailable("The mail server answered 451: later")

    tries: list[float] = []
    row = stored(shop, mail_id)
    while row.next_attempt_at is not None and len(tries) < 30:
        notifications.send_due(mailing)
        row = stored(shop, mail_id)
        if row.next_attempt_at is None:
            break
        tries.append((row.next_attempt_at - written_at).total_seconds() / 3600)
        clock.advance(row.next_attempt_at - clock.now() + timedelta(seconds=1))

    assert row.status == "failed"
    assert row.error == "The mail server answered 451: later"
    assert len(post.tried) in range(8, 12)
    assert {mail.message_id for mail in post.tried} == {mail_id}
    assert tries == sorted(tries)
    assert 68 < tries[-2] < 72 < tries[-1] < 100


def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    mailing: Deps, shop: Shop, post: Post, clock: TestClock
) -> None:
    post.trouble["ada@shop.example"] = MailRefused("The mail server answered 550: no such mailbox")
    mail_id = write(mailing, shop)
    notifications.send_due(mailing)
    clock.advance(timedelta(hours=1))
    notifications.send_due(mailing)

    row = stored(shop, mail_id)
    assert (row.status, row.error) == ("failed", "The mail server answered 550: no such mailbox")
    assert len(post.tried) == 1


def test_one_mail_that_cannot_be_sent_does_not_hold_up_the_others(
    mailing: Deps, shop: Shop, post: Post
) -> None:
    post.trouble = {
        "bad@shop.example": ValueError("a bug"),
        "busy@shop.example": MailUnavailable(""),
    }
    for name in ("bad", "busy", "ada"):
        write(mailing, shop, f"{name}@shop.example")

    assert notifications.send_due(mailing) == 1
    assert [mail.recipient for mail in post.sent] == ["ada@shop.example"]


def test_a_server_that_is_away_is_not_asked_for_every_mail(
    mailing: Deps, shop: Shop, post: Post
) -> None:
    for number in range(8):
        post.trouble[f"p{number}@shop.example"] = MailUnavailable("away")
        write(mailing, shop, f"p{number}@shop.example")
    notifications.send_due(mailing)

    assert len(post.tried) == notifications.MOST_UNAVAILABLE


def test_a_crash_after_sending_sends_it_again_as_the_same_mail(
    mailing: Deps, shop: Shop, post: Post, clock: TestClock
) -> None:
    write(mailing, shop)

    def crash() -> None:
        raise KeyboardInterrupt

    post.during = crash
    with pytest.raises(KeyboardInterrupt):
        notifications.send_due(mailing)
    post.during = lambda: None
    assert notifications.send_due(mailing) == 0
    clock.advance(timedelta(minutes=2))
    assert notifications.send_due(mailing) == 1
    assert len({mail.message_id for mail in post.tried}) == 1


def test_two_workers_do_not_send_the_same_mail(mailing: Deps, shop: Shop, post: Post) -> None:
    write(mailing, shop)
    # While the first is busy with it, a second looks for what is due.
    post.during = lambda: again.append(notifications.send_due(mailing))
    again: list[int] = []
    notifications.send_due(mailing)

    assert (len(post.tried), again) == (1, [0])


def test_without_a_server_mails_wait_and_old_ones_are_not_sent_later(
    deps: Deps, mailing: Deps, shop: Shop, post: Post, clock: TestClock
) -> None:
    serverless = replace(deps, mailer=NoMailer())
    old = write(serverless, shop)
    notifications.send_due(serverless)
    assert (stored(shop, old).status, stored(shop, old).attempts) == ("pending", 0)
    clock.advance(timedelta(days=2))
    young = write(serverless, shop)
    clock.advance(timedelta(days=1, hours=1))
    notifications.send_due(serverless)

    assert (stored(shop, old).status, stored(shop, old).error) == (
        "failed",
        notifications.NO_SERVER,
    )
    assert notifications.send_due(mailing) == 1
    assert [mail.message_id for mail in post.sent] == [young]


def test_a_mail_that_no_worker_looked_at_for_days_is_tried_once(
    mailing: Deps, shop: Shop, post: Post, clock: TestClock
) -> None:
    write(mailing, shop)
    clock.advance(timedelta(days=5))

    assert notifications.send_due(mailing) == 1


def test_only_people_of_the_merchant_in_the_roles_are_written_to(deps: Deps, shop: Shop) -> None:
    def join(email: str, role: str, merchant_id: str) -> None:
        user_id = merchants.add_user(deps, email=email, name="Kim", password=PASSWORD)
        merchants.add_member(deps, user_id=user_id, merchant_id=merchant_id, role=role)

    other = merchants.open_merchant(
        deps, merchants.OpenMerchant("Other", "test", "US", "USD", "UTC", "help@other.example")
    )
    join("dev@shop.example", "developer", shop.merchant_id)
    join("kim@shop.example", "analyst", shop.merchant_id)
    join("dev@other.example", "developer", other)

    with transaction() as session:
        found = notifications.recipients(session, shop.merchant_id, ("owner", "developer"))
    assert found == sorted([shop.email, "dev@shop.example"])


def test_mails_arrive_at_a_real_server(deps: Deps, shop: Shop, sandbox: SandboxServer) -> None:
    url = sandbox.call("GET", "/control/api/mails")["smtp_url"]
    real = replace(deps, mailer=SmtpMailer(url, "Farthing <no-reply@pay.example>"))
    mail_id = write(real, shop, "ada@arrived.example")
    refused = write(real, shop, "refused@arrived.example")
    busy = write(real, shop, "busy@arrived.example")

    assert notifications.send_due(real) == 1
    [mail] = sandbox.call("GET", "/control/api/mails?to=ada@arrived.example")["mails"]
    assert (mail["subject"], mail["message_id"]) == ("Webhooks are off", f"<{mail_id}@pay.example>")
    assert (stored(shop, refused).status, stored(shop, busy).status) == ("failed", "pending")
    assert "No such mailbox" in str(stored(shop, refused).error)
