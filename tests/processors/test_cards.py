"""What cards do: taken, refused for each reason, and what is told of them."""

from app.domain.declines import DeclineReason
from app.domain.processor import Captured, Declined, Outcome
from app.web.checkout_scripts import SCRIPTS
from tests.processors import DRIVERS, PROCESSORS
from tests.processors.driver import Fate
from tests.processors.till import AMOUNT, Made, Till
from tests.servers import ROOT


def test_every_registered_processor_has_a_driver() -> None:
    assert sorted(DRIVERS) == PROCESSORS


def test_the_checkout_can_show_the_fields_of_every_registered_processor() -> None:
    assert sorted(SCRIPTS) == PROCESSORS
    page = (ROOT / "static" / "js" / "checkout.js").read_text(encoding="utf-8")
    assert all(f'import * as {one.module} from "./' in page for one in SCRIPTS.values())


def _is_fate(outcome: Outcome, fate: Fate) -> bool:
    if isinstance(fate, DeclineReason):
        return isinstance(outcome, Declined) and outcome.reason is fate
    return isinstance(outcome, fate)


def test_every_published_card_has_its_outcome(till: Till) -> None:
    wrong = {}
    for number, fate in till.driver.cards:
        request = till.request(till.driver.token(till.account, number))
        outcome = till.authorize(request)
        facts = getattr(outcome, "facts", None)
        is_named = facts is not None and (
            (facts.merchant_id, facts.payment_id, facts.amount)
            == (till.account.merchant_id, request.payment_id, AMOUNT)
        )
        # A processor without an object that outlives its refusal names none.
        is_named = is_named or (facts is None and isinstance(outcome, Declined))
        if not (_is_fate(outcome, fate) and is_named):
            wrong[number] = outcome
    assert wrong == {}
    taken = [number for number, fate in till.driver.cards if fate is Captured]
    assert till.totals()["charges"] == len(taken)
    assert till.totals()["captured"] == len(taken) * AMOUNT.amount_minor


def test_a_capture_tells_all_that_is_to_be_kept(till: Till) -> None:
    request = till.request()
    outcome = till.authorize(request)

    assert isinstance(outcome, Captured)
    assert (outcome.amount, outcome.facts.amount) == (AMOUNT, AMOUNT)
    assert (outcome.facts.payment_id, outcome.facts.is_live) == (request.payment_id, False)
    assert outcome.charge_reference
    assert outcome.card is not None
    assert (outcome.card.brand, outcome.card.funding) == ("visa", "credit")
    assert outcome.card.last4 == till.driver.good_last4
    assert outcome.card.fingerprint
    if till.driver.tells_costs:
        assert outcome.processor_fee is not None
        assert outcome.processor_fee.currency == "USD"
        assert outcome.fee_reference
        assert outcome.available_on is not None


def test_a_decline_is_the_same_when_it_is_asked_about(till: Till) -> None:
    request = till.request(till.driver.declined)
    outcome = till.authorize(request)

    assert isinstance(outcome, Declined)
    made = Made(request, outcome.facts.reference if outcome.facts else "", outcome)
    again = till.learned(till.ask(made), made)
    assert isinstance(again, Declined)
    assert again.reason is outcome.reason
    assert again.card is not None
    assert again.card.last4 == till.driver.declined_last4


def test_a_refusal_tells_whether_a_bank_was_asked(till: Till) -> None:
    told = {}
    for refusal in till.driver.refusals:
        outcome = till.pay(refusal.token)
        assert isinstance(outcome, Declined), refusal.token
        told[refusal.token] = (outcome.reason, outcome.reached_bank)
    assert told == {one.token: (one.reason, one.reached_bank) for one in till.driver.refusals}
    assert till.totals().get("charges", 0) == 0


def test_after_a_decline_another_card_pays_once(till: Till) -> None:
    request = till.request(till.driver.declined)
    declined = till.authorize(request)
    assert isinstance(declined, Declined)
    reference = declined.facts.reference if declined.facts else None
    further = till.request(payment_id=request.payment_id, reference=reference)

    assert isinstance(till.authorize(further), Captured)
    assert isinstance(till.authorize(further), Captured)
    assert till.totals()["captured"] == AMOUNT.amount_minor
