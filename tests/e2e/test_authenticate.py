"""A shop with software of its own sends its customer to the bank's question, and gets them back."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.domain.payments import Payment
from app.services.creation import CreatePayment, create_payment
from app.web.client_secrets import bank_page
from tests.e2e.browser import accessibility_problems
from tests.e2e.stack import PRICE, Shop
from tests.factories import NEEDS_3DS

pytestmark = pytest.mark.e2e

FRAME = "iframe[title='3D Secure authentication']"


@dataclass
class Errand:
    """A customer's way: from the shop to our page, to the bank, and back."""

    page: Page
    shop: Shop
    payment: Payment
    address: str
    back: str

    def begin(self) -> None:
        """The shop sends the customer to us."""
        self.page.goto(f"{self.shop.stack.sandbox.url}/healthz?basket=1")
        self.page.evaluate("address => location.assign(address)", self.address)
        expect(self.page.locator(FRAME)).to_be_visible()

    def answer(self, word: str) -> None:
        """Press a button of the bank's page."""
        frame = self.page.frame_locator(FRAME)
        frame.get_by_role("button", name=word, exact=True).click()

    def is_told(self, status: str) -> None:
        """The customer is back at the shop, which is told this."""
        self.page.wait_for_url(f"{self.back}**")
        told = dict(parse_qsl(urlsplit(self.page.url).query))
        assert (told["thanks"], told["redirect_status"]) == ("1", status)
        assert told["payment_intent"] == self.payment.id

    def taken(self) -> list[int]:
        """What was really captured."""
        facts = self.shop.record()["facts"]
        return [fact["amount_minor"] for fact in facts if fact["fact"] == "captured"]


def ask(page: Page, shop: Shop, *, has_back: bool = True) -> Errand:
    """The shop's software confirms a payment, and the bank has a question."""
    stack = shop.stack
    back = f"{stack.sandbox.url}/healthz?thanks=1"
    with stack.app.app_context():
        payment = create_payment(
            stack.deps,
            CreatePayment(
                merchant_id=shop.merchant_id,
                amount=PRICE,
                actor="api:test",
                payment_method_token=NEEDS_3DS,
                return_url=back if has_back else None,
            ),
        )
        assert isinstance(payment, Payment)
        return Errand(page, shop, payment, bank_page(payment), back)


@pytest.fixture
def errand(page: Page, shop: Shop) -> Iterator[Errand]:
    """49.99 dollars, with a way back; our page never breaks its own policy."""
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if "Policy" in line.text else None)
    yield ask(page, shop)
    assert refused == []


def test_the_banks_page_opens_by_itself_and_leads_back(errand: Errand) -> None:
    """Nothing to press but the bank's own button; then back leads into the shop, not into our page."""
    errand.begin()
    expect(errand.page.locator("[data-confirm]")).to_be_disabled()
    assert errand.taken() == []

    errand.answer("Complete authentication")

    errand.is_told("succeeded")
    assert errand.taken() == [4999]
    errand.page.go_back()
    errand.page.wait_for_url("**basket=1")


@pytest.mark.parametrize("answer", ["Fail authentication", "Cancel"])
def test_a_customer_who_is_not_confirmed_goes_back_unpaid(errand: Errand, answer: str) -> None:
    """Whether the bank refused or the customer closed its page."""
    errand.begin()

    errand.answer(answer)

    errand.is_told("failed")
    assert errand.taken() == []
    errand.page.goto(errand.address)
    expect(errand.page.get_by_role("heading", level=1)).to_have_text("This payment was not made")


def test_after_a_reload_the_customer_begins_again_or_leaves(errand: Errand) -> None:
    """A reload drops the bank's page; it does not spring up again unasked."""
    errand.begin()
    errand.page.reload()
    button = errand.page.get_by_role("button", name="Confirm with my bank")
    expect(button).to_be_enabled()
    expect(errand.page.locator(FRAME)).to_have_count(0)

    button.dblclick()
    expect(errand.page.locator(FRAME)).to_have_count(1)
    errand.page.reload()
    expect(button).to_be_enabled()
    errand.page.get_by_role("link", name="Cancel and go back to Northwind Coffee").click()

    errand.is_told("failed")
    assert errand.taken() == []
    errand.page.goto(errand.address)
    errand.answer("Complete authentication")
    errand.is_told("succeeded")
    assert errand.taken() == [4999]


def test_a_second_tab_learns_what_the_first_one_did(errand: Errand) -> None:
    """The one that is left behind says that money was taken, and asks nothing more."""
    other = errand.page.context.new_page()
    other.goto(errand.address)
    expect(other.locator(FRAME)).to_be_visible()
    errand.begin()
    errand.answer("Complete authentication")
    errand.is_told("succeeded")

    other.reload()

    expect(other.get_by_role("heading", level=1)).to_have_text("Payment complete")
    expect(other.get_by_role("link", name="Continue to Northwind Coffee")).to_be_visible()
    assert errand.taken() == [4999]


def test_a_lost_answer_of_ours_is_asked_for_again(errand: Errand) -> None:
    """The customer confirmed, and the line broke: the page finds out and leads back."""

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    errand.page.route("**/authenticated?**", lose_the_answer)
    errand.begin()

    errand.answer("Complete authentication")

    expect(errand.page.get_by_role("heading", level=1)).to_have_text("Payment complete")
    errand.page.get_by_role("link", name="Continue to Northwind Coffee").click()
    errand.is_told("succeeded")
    assert errand.taken() == [4999]


def test_a_blocked_script_of_the_processor_says_that_nothing_was_taken(errand: Errand) -> None:
    """By a content blocker: the page stays, and its button works once the script may load."""
    errand.page.route("**/v3/", lambda route: route.abort())
    errand.page.goto(errand.address)

    button = errand.page.get_by_role("button", name="Confirm with my bank")
    expect(button).to_be_enabled()
    expect(errand.page.get_by_role("alert")).to_contain_text("page did not open")
    expect(errand.page.get_by_role("alert")).to_contain_text("You have not been charged")
    assert errand.taken() == []

    errand.page.unroute("**/v3/")
    button.click()
    errand.answer("Complete authentication")
    errand.is_told("succeeded")


def test_without_a_way_back_the_page_tells_the_outcome(page: Page, shop: Shop) -> None:
    errand = ask(page, shop, has_back=False)
    errand.begin()

    errand.answer("Complete authentication")

    expect(page.get_by_role("heading", level=1)).to_have_text("Payment complete")
    expect(page.locator(".lead")).to_contain_text("$49.99 was taken from")
    assert errand.taken() == [4999]


@pytest.mark.parametrize("width, scheme", [(390, "dark"), (1280, "light")])
def test_every_face_is_accessible(chromium: Browser, shop: Shop, width: int, scheme: str) -> None:
    """The question, the outcomes, a wrong address; and nothing to scroll sideways."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for word, heading in (
        ("Complete authentication", "Payment complete"),
        ("Fail authentication", "This payment was not made"),
    ):
        errand = ask(page, shop)
        errand.begin()
        page.reload()
        expect(page.locator("[data-confirm]")).to_be_enabled()
        assert accessibility_problems(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("[data-confirm]").click()
        errand.answer(word)
        page.wait_for_url(f"{errand.back}**")
        page.goto(errand.address)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert accessibility_problems(page) == []
    page.goto(f"{shop.stack.web.url}/pay/authenticate/pi_nothing?client_secret=x")
    assert accessibility_problems(page) == []
    context.close()
