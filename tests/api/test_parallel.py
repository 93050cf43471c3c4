import requests

from tests.api.client import at_once, charges, count, order
from tests.factories import Shop
from tests.sandbox.server import SandboxServer


def test_fifty_requests_with_one_key_charge_once(
    web: str, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    sandbox.fault("delay_before", account=shop.sandbox_account, seconds=0.3)

    def ask() -> tuple[int, bytes, str | None, str | None]:
        answer = requests.post(
            f"{web}/payments",
            json=order(),
            headers={"Authorization": f"Bearer {shop.secret_key}", "Idempotency-Key": "one"},
            timeout=30,
        )
        replayed = answer.headers.get("Idempotent-Replayed")
        return answer.status_code, answer.content, replayed, answer.headers.get("Retry-After")

    answers = at_once([ask] * 50)
    paid = [found for found in answers if found[0] == 200]
    refused = [found for found in answers if found[0] == 409]
    assert len(paid) + len(refused) == 50
    assert len({found[1] for found in paid}) == 1
    assert sum(found[2] is None for found in paid) == 1
    assert all(found[3] == "1" for found in refused)
    assert charges(sandbox, shop) == 1
    assert sandbox.record(shop.sandbox_account)["totals"]["usd"]["captured"] == 4999
    assert count(database_url, "payments") == 1
    last = ask()
    assert (last[0], last[1], last[2]) == (200, paid[0][1], "true")


def test_fifty_keys_at_once_are_fifty_payments(
    web: str, shop: Shop, sandbox: SandboxServer
) -> None:
    def ask(number: int) -> int:
        headers = {
            "Authorization": f"Bearer {shop.secret_key}",
            "Idempotency-Key": f"key-{number}",
        }
        return requests.post(
            f"{web}/payments", json=order(amount=100 + number), headers=headers, timeout=60
        ).status_code

    jobs = [lambda number=number: ask(number) for number in range(50)]
    assert at_once(jobs) == [200] * 50
    totals = sandbox.record(shop.sandbox_account)["totals"]["usd"]
    assert (totals["charges"], totals["captured"]) == (50, sum(range(100, 150)))
