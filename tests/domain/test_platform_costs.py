"""What merchants are not shown: exactly the journals of the platform's own costs."""

from app.domain.money import Money
from app.domain.platform_costs import COSTS, HIDDEN_EVENTS, cost_behind, without_costs
from tests.domain.test_recipes import STEPS


def test_hidden_journals_and_they_alone_touch_the_accounts_of_costs() -> None:
    amount, fee = Money(100, "USD"), Money(10, "USD")
    journals = [step("src", amount, fee) for step in STEPS.values()]

    for journal in journals:
        sides = [(one.debit, one.credit) for one in journal.postings]
        codes = {code.partition(":")[0] for pair in sides for code in pair}
        assert (journal.event in HIDDEN_EVENTS) == bool(codes & set(COSTS)), journal.event
        if journal.event in HIDDEN_EVENTS:
            [cost] = codes & set(COSTS)
            assert codes == {cost, COSTS[cost]}


def test_a_cost_is_added_back_to_what_it_was_paid_from() -> None:
    shown = without_costs(
        {
            ("processor_receivable:stripe", "USD"): 9_500,
            ("processor_fees", "USD"): 500,
            ("processor_receivable:stripe", "EUR"): 300,
            ("bank", "USD"): -1_032,
            ("verification_costs", "USD"): 32,
        }
    )

    assert shown.balances == {
        ("processor_receivable:stripe", "USD"): 10_000,
        ("processor_receivable:stripe", "EUR"): 300,
        ("bank", "USD"): -1_000,
    }
    assert not shown.untold
    assert cost_behind("processor_receivable:stripe") == "processor_fees"
    assert cost_behind("merchant_pending") is None


def test_what_only_a_cost_could_tell_is_not_told() -> None:
    two = {("processor_receivable:a", "USD"): 1, ("processor_receivable:b", "USD"): 2}

    assert without_costs(two | {("processor_fees", "USD"): 5}).untold == set(two)
    assert not without_costs(two | {("processor_fees", "USD"): 0}).untold
