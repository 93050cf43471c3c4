"""Escrow on the dashboard: what is held, who would get how much, and letting it go once."""

import re
from urllib.parse import urlencode

import pytest
from flask import Flask

from app.domain.escrow import Plan
from app.services import escrow, sellers
from app.services.deps import Deps
from app.services.escrow import FreezeEscrow
from app.services.refunds import RequestRefund, request_refund
from app.services.transfers import ReverseTransfer, reverse_transfer
from tests.factories import Shop, open_shop, usd
from tests.services.bank import rows
from tests.services.escrow_world import Market, hold_id, market, owned
from tests.web.conftest import Colleague
from tests.web.visitor import Visitor, toast_of


@pytest.fixture
def town(deps: Deps, shop: Shop) -> Market:
    """The shop as a platform whose sellers leave it a tenth."""
    return market(deps, shop, basis_points=1_000)


def at(payment_id: str, action: str) -> str:
    return f"/dashboard/escrow/{payment_id}/{action}"


def words(text: str) -> str:
    """What is read on the page, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_an_account_that_holds_nothing_is_told_how(owner: Visitor) -> None:
    text = owner.get("/dashboard/escrow/").text
    assert "Nothing is held" in text
    assert "connect-seller" in text


def test_the_page_sums_up_and_lists_what_is_held(owner: Visitor, town: Market) -> None:
    first, second = town.sell("49.99"), town.sell("20.00")
    escrow.freeze(
        town.deps, FreezeEscrow(town.shop.merchant_id, hold_id(second), "user:x", "Empty parcel")
    )
    town.release(first, "10.00")
    text = owner.get("/dashboard/escrow/").text
    assert "57.36" in text  # 38.24 and 19.12
    assert "Partly released" in text
    assert "Empty parcel" in text
    frozen = owner.get("/dashboard/escrow/?tab=frozen").text
    assert first.id not in frozen
    assert second.id in frozen
    over = owner.get("/dashboard/escrow/?tab=over").text
    assert "Nothing here" in over


def test_the_dialog_says_what_every_party_gets(owner: Visitor, town: Market) -> None:
    plan = town.steps(("Design", "9.99", town.ann), ("Print", "40.00", town.ben))
    payment = town.sell("49.99", plan)
    text = words(owner.htmx(at(payment.id, "release")).text)
    assert "Design, to Ann's Pots" in text.replace("&#39;", "'")
    assert "To Ann's Pots $8.68" in re.sub(r"\s*USD", "", text.replace("&#39;", "'"))
    part = owner.htmx(
        at(payment.id, f"release/preview?what=part&seller={town.ben}&amount=10.00&commission=2.50")
    )
    assert "<form" not in part.text
    seen = words(part.text).replace("&#39;", "'")
    assert "To Ben's Chairs $7.50" in seen
    assert "Your commission $2.50" in seen
    assert "Released of $48.24 held $10.00" in seen
    too_much = owner.htmx(at(payment.id, f"release/preview?what=part&seller={town.ben}&amount=99"))
    assert "48.24 is held" in too_much.text
    assert rows("SELECT id FROM transfers") == []


def test_a_milestone_is_released_once_however_often_it_is_pressed(
    owner: Visitor, town: Market
) -> None:
    plan = town.steps(("Design", "9.99", town.ann), ("Print", "40.00", town.ben))
    payment = town.sell("49.99", plan)
    form = {"what": "step:Design", "expected_held": "4824", "token": "abc"}
    for _ in range(2):
        answer = owner.post(at(payment.id, "release"), form, htmx=True)
        assert answer.status_code == 200
        assert toast_of(answer) == "Released from escrow"
    assert answer.headers["HX-Retarget"] == "#payment"
    assert town.hold(payment) == ("partly_released", 4824, 964, 0)
    assert owned(town.ann) == usd("8.68")
    page = words(owner.get(f"/dashboard/payments/{payment.id}").text)
    assert "Milestone: Design" in page
    assert "Held now $38.60" in page


def test_an_amount_to_one_seller_with_a_commission(owner: Visitor, town: Market) -> None:
    payment = town.sell()
    form = {
        "what": "part",
        "seller": town.ben,
        "amount": "20.00",
        "commission": "3.00",
        "expected_held": "4824",
        "token": "t",
    }
    assert owner.post(at(payment.id, "release"), form).status_code == 303
    assert owned(town.ben) == usd("17.00")
    assert owned(town.shop.merchant_id) == usd("3.00")


def test_amounts_to_several_sellers_chosen_by_hand(owner: Visitor, town: Market) -> None:
    payment = town.sell()
    path = at(payment.id, "release")
    form = {
        "what": "part",
        "seller": town.ann,
        "amount": "20.00",
        "commission": "3.00",
        "expected_held": "4824",
        "token": "t",
        "count": "1",
    }
    more = owner.post(path, form | {"more": "1"}, htmx=True)
    assert (more.status_code, rows("SELECT id FROM transfers")) == (200, [])
    assert 'name="count" value="2"' in " ".join(more.text.split())
    # Where the new row is, is where one goes on typing.
    assert more.text.count("data-focus") == 1
    assert "data-focus" in more.text[more.text.index('name="part2-seller"') :]
    # What was typed is still there, and the other seller is proposed for the new row.
    assert 'value="20.00"' in more.text
    second = more.text[more.text.index('name="part2-seller"') :]
    assert f'<option value="{town.ben}" selected>' in " ".join(second.split())
    assert "Add another seller" not in more.text  # There is no third one.

    both = form | {"count": "2", "part2-seller": town.ben, "part2-amount": "10.00"}
    seen = words(owner.htmx(f"{path}/preview?{urlencode(both)}").text).replace("&#39;", "'")
    assert "To Ann's Pots $17.00" in seen
    assert "To Ben's Chairs $9.00" in seen
    wrong = owner.post(path, both | {"part2-amount": "ten"}, htmx=True)
    assert (wrong.status_code, "Amount 2: " in wrong.text) == (422, True)
    too_much = owner.post(path, both | {"part2-amount": "28.25"}, htmx=True)
    assert (too_much.status_code, "48.24 is held" in too_much.text) == (422, True)
    assert rows("SELECT id FROM transfers") == []

    for _ in range(2):
        assert owner.post(path, both, htmx=True).status_code == 200
    assert (owned(town.ann), owned(town.ben)) == (usd("17.00"), usd("9.00"))
    assert owned(town.shop.merchant_id) == usd("4.00")
    rest = form | {"count": "2", "amount": "", "expected_held": "", "token": "u"}
    rest |= {"part2-seller": town.ann, "part2-amount": "1.00", "commission": ""}
    assert owner.post(path, rest).status_code == 303
    assert owned(town.ann) == usd("17.90")


def test_a_seller_sees_what_came_and_what_went_back_with_its_balance_entry(
    app: Flask, owner: Visitor, town: Market, deps: Deps
) -> None:
    assert "Nothing was transferred to you" in owner.get("/dashboard/transfers/").text
    seller = open_shop(deps, name="Ann herself")
    sellers.connect_seller(deps, sellers.ConnectSeller(town.shop.merchant_id, seller.merchant_id))
    payment = town.sell("49.99")
    [first] = town.release(payment, "20.00", to=seller.merchant_id, key="a").transfer_ids
    town.release(payment, "5.00", to=town.ben, key="b")
    back = ReverseTransfer(town.shop.merchant_id, first, "trr_1", "user:x", usd("7.50"))
    reverse_transfer(deps, back)
    visitor = Visitor(app)
    visitor.sign_in(seller.email)

    page = visitor.get("/dashboard/transfers/")
    seen = words(page.text)
    assert "$20.00" in seen
    assert "-$7.50" in seen.replace("\u2212", "-")
    assert "$12.50 of it yours" in seen
    assert "Corner Shop" in seen
    assert "$5.00" not in seen
    assert payment.id not in page.text
    links = re.findall(r"/dashboard/ledger/journals/jr_\w+", page.text)
    assert len(links) == 2
    titles = [visitor.get(one).text for one in links]
    assert "Transfer received from a platform" in titles[0]
    assert "Transfer given back to the platform" in titles[1]
    assert first not in owner.get("/dashboard/transfers/").text


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"what": "part", "amount": ""}, "Enter an amount"),
        ({"what": "part", "amount": "0"}, "greater than zero"),
        ({"what": "part", "amount": "1.234"}, "USD has 2 decimals"),
        ({"what": "part", "amount": "5", "commission": "x"}, "Enter an amount"),
        ({"what": "part", "amount": "5", "commission": "5"}, "leaves nothing"),
        ({"what": "part", "amount": "48.25"}, "48.24 is held"),
        ({"what": "all"}, "names no seller"),
        ({"what": "step:Nothing"}, "has no milestone"),
        ({"what": "part", "amount": "5", "seller": "acct_other"}, "not a connected seller"),
    ],
)
def test_what_cannot_be_released_is_explained_and_changes_nothing(
    owner: Visitor, town: Market, fields: dict[str, str], problem: str
) -> None:
    payment = town.sell()
    form = {"seller": town.ann, "expected_held": "4824", "token": "t"} | fields
    answer = owner.post(at(payment.id, "release"), form, htmx=True)
    assert answer.status_code == 422
    assert problem in answer.text
    assert town.hold(payment) == ("held", 4824, 0, 0)


def test_a_row_that_is_not_filled_in_yet_is_no_error_when_another_is_added(
    owner: Visitor, town: Market
) -> None:
    payment = town.sell()
    form = {"what": "part", "seller": town.ann, "amount": "", "count": "1", "more": "1"}
    more = owner.post(at(payment.id, "release"), form, htmx=True)
    assert 'name="part2-amount"' in more.text
    assert "field-error" not in more.text
    assert "aria-invalid" not in more.text


def test_too_much_is_said_once_in_the_readers_amounts(owner: Visitor, town: Market) -> None:
    payment = town.sell()
    form = {"what": "part", "seller": town.ann, "amount": "999", "expected_held": "4824"}
    refused = owner.post(at(payment.id, "release"), form, htmx=True).text
    assert refused.count("You asked to release $999.00; $48.24 is held.") == 1
    seen = owner.htmx(at(payment.id, f"release/preview?what=part&seller={town.ann}&amount=999"))
    assert "You asked to release $999.00; $48.24 is held." in seen.text


def test_a_reason_to_freeze_stands_apart_from_what_the_money_is_for(
    owner: Visitor, town: Market
) -> None:
    payment = town.sell()
    owner.post(at(payment.id, "freeze"), {"reason": "Lost parcel?"}, htmx=True)
    assert "Frozen: Lost parcel? Nothing" in words(
        owner.get(f"/dashboard/payments/{payment.id}").text
    )
    listed = words(owner.get("/dashboard/escrow/?tab=frozen").text)
    assert "\N{EN DASH} Frozen: Lost parcel?" in listed
    form = {"what": "part", "seller": town.ann, "amount": "5", "expected_held": "4824"}
    refused = owner.post(at(payment.id, "release"), form, htmx=True).text
    assert "frozen: Lost parcel? Unfreeze it first." in refused


def test_an_amount_that_changed_meanwhile_is_shown_anew(owner: Visitor, town: Market) -> None:
    payment = town.sell()
    town.release(payment, "10.00")
    form = {"what": "part", "seller": town.ann, "amount": "5", "expected_held": "4824"}
    answer = owner.post(at(payment.id, "release"), form, htmx=True)
    assert answer.status_code == 412
    assert "changed while you were looking" in answer.text
    assert 'value="3824"' in answer.text


def test_frozen_money_is_not_released_until_it_is_unfrozen(owner: Visitor, town: Market) -> None:
    payment = town.sell("49.99", Plan(town.ann))
    nothing = owner.post(at(payment.id, "freeze"), {"reason": " "}, htmx=True)
    assert (nothing.status_code, "Say why" in nothing.text) == (422, True)
    frozen = owner.post(at(payment.id, "freeze"), {"reason": "Broken lid"}, htmx=True)
    assert toast_of(frozen) == "Frozen"
    assert "Broken lid" in frozen.text
    form = {"what": "all", "expected_held": "4824", "token": "t"}
    refused = owner.post(at(payment.id, "release"), form, htmx=True)
    assert (refused.status_code, "Broken lid" in refused.text) == (422, True)
    assert toast_of(owner.post(at(payment.id, "unfreeze"), {}, htmx=True)) == "No longer frozen"
    assert owner.post(at(payment.id, "release"), form, htmx=True).status_code == 200
    assert town.hold(payment)[0] == "released"


def test_a_refund_says_that_it_takes_from_escrow_and_guards_what_was_seen(
    owner: Visitor, town: Market
) -> None:
    payment = town.sell()
    path = f"/dashboard/payments/{payment.id}/refund"
    dialog = " ".join(owner.htmx(path).text.split())
    assert "Held in escrow now" in dialog
    assert 'name="expected_held" value="4824"' in dialog
    town.release(payment, "10.00")
    form = {
        "extent": "full",
        "reason": "other",
        "expected_refundable": "4999",
        "expected_held": "4824",
    }
    assert owner.post(path, form, htmx=True).status_code == 412
    form["expected_held"] = "3824"
    assert owner.post(path, form, htmx=True).status_code == 200
    assert town.hold(payment) == ("closed", 4824, 1000, 3824)


def test_money_that_sellers_have_is_told_and_is_not_the_platforms_own(
    owner: Visitor, town: Market
) -> None:
    payment = town.sell()
    town.release(payment, "20.00", key="a")
    town.release(payment, "10.00", to=town.ben, key="b")
    [newest, _] = rows("SELECT id FROM transfers ORDER BY id DESC")
    back = ReverseTransfer(town.shop.merchant_id, newest["id"], "trr_1", "user:x", usd("4.00"))
    reverse_transfer(town.deps, back)

    page = words(owner.get(f"/dashboard/payments/{payment.id}").text).replace("\u2212", "-")
    assert "With sellers -$23.00 USD Held in escrow -$18.24 USD Yours of it $7.00 USD" in page
    assert owned(town.shop.merchant_id) == usd("7.00")
    assert "Released -$30.00 USD To sellers -$27.00 USD Your commission -$3.00 USD" in page
    dialog = words(owner.htmx(f"/dashboard/payments/{payment.id}/refund").text)
    assert "$23.00 of it went to sellers and stays there:" in dialog
    kept = dialog.replace("&#39;", "'")
    assert "$18.00 with Ann's Pots, $5.00 with Ben's Chairs." in kept


def test_days_until_money_goes_by_itself(owner: Visitor, town: Market) -> None:
    for wrong in ("0", "366", "soon"):
        answer = owner.post("/dashboard/escrow/automatic", {"days": wrong}, htmx=True)
        assert answer.status_code == 422
    saved = owner.post("/dashboard/escrow/automatic", {"days": "14"}, htmx=True)
    assert toast_of(saved) == "Released after 14 days"
    payment = town.sell("10.00", Plan(town.ann))
    assert "Released by itself on" in owner.get(f"/dashboard/payments/{payment.id}").text
    owner.post("/dashboard/escrow/automatic", {"days": ""})
    assert "nothing is released by itself" in owner.get("/dashboard/escrow/").text


def test_who_may_look_may_not_release(
    colleague: Colleague, town: Market, deps: Deps, owner: Visitor
) -> None:
    payment = town.sell()
    for role in ("support", "analyst", "developer"):
        visitor = colleague(role)
        assert visitor.get("/dashboard/escrow/").status_code == 200
        for action in ("release", "freeze"):
            assert visitor.get(at(payment.id, action)).status_code == 403
            assert visitor.post(at(payment.id, action), {}).status_code == 403
        assert visitor.post(at(payment.id, "unfreeze"), {}).status_code == 403
        assert "Freeze" not in visitor.get(f"/dashboard/payments/{payment.id}").text
    stranger = open_shop(deps)
    theirs = Market(deps, stranger, town.ann, town.ben)
    sellers.connect_seller(deps, sellers.ConnectSeller(stranger.merchant_id, town.ann))
    foreign = theirs.sell()
    assert owner.get(at(foreign.id, "release")).status_code == 404
    assert owner.post(at(foreign.id, "unfreeze"), {}).status_code == 404


def test_a_refund_that_came_first_leaves_nothing_to_release(owner: Visitor, town: Market) -> None:
    payment = town.sell()
    request_refund(
        town.deps, RequestRefund(payment.merchant_id, payment.id, usd("49.99"), "user:robin")
    )
    text = owner.get(f"/dashboard/payments/{payment.id}").text
    assert at(payment.id, "release") not in text
    assert "Refunded" in text


def test_a_payment_link_can_hold_what_is_paid(owner: Visitor, town: Market) -> None:
    form = {"title": "Table", "amount": "20.00", "currency": "USD", "is_held": "y"}
    assert owner.post("/dashboard/links/new", form | {"seller": town.ben}).status_code == 303
    assert owner.post("/dashboard/links/new", form).status_code == 303
    wrong = owner.post("/dashboard/links/new", form | {"seller": "acct_other"}, htmx=True)
    assert (wrong.status_code, "not a connected seller" in wrong.text) == (422, True)
    del form["is_held"]
    assert owner.post("/dashboard/links/new", form).status_code == 303
    found = [row["escrow"] for row in rows("SELECT escrow FROM payment_links ORDER BY id")]
    assert found == [{"destination": town.ben}, {}, None]
