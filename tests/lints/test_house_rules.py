import pytest

from tests.lints.rules import ROOT, RULES, Rule

FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("app", "worker")
    for path in (ROOT / folder).rglob("*.py")
)
# What each rule must find, so that a rule that finds nothing has been seen to work.
BROKEN = {
    "unit-of-work": "with transaction() as session:\n    pass",
    "session": "rows = db.session.execute(query)",
    "clock": "now = datetime.now(UTC)",
    "ids": "key = uuid.uuid4()",
    "float": "amount = float(text)",
    "recipe": "rows = [dr(PENDING, cr=FEES, amount=fee, on=day)]",
    "move": "def pay(payment):\n    payment.status = CAPTURED",
}
KEPT = {
    "unit-of-work": "payments.capture_payment(deps, command)",
    "session": "rows = report(merchant_id)",
    "clock": "now = deps.clock.now()",
    "ids": "key = new_id('pi', now)",
    "float": "amount = parse_decimal(text, currency)",
    "recipe": "rows = recipes.payment_captured(amount, fee)",
    "move": "def pay(payment):\n    e = PAYMENT.event(payment.status, X)\n    payment.status = X",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_house_rule_is_kept(rule: Rule) -> None:
    offences = [
        f"{path}:{line}"
        for path in FILES
        if rule.covers(path)
        for line in rule.offences((ROOT / path).read_text(encoding="utf-8"))
    ]

    assert offences == [], rule.meaning


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_finds_what_it_is_for(rule: Rule) -> None:
    assert rule.offences(BROKEN[rule.name])
    assert not rule.offences(KEPT[rule.name])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_line_may_break_a_rule_only_by_its_name_and_with_a_reason(rule: Rule) -> None:
    lines = BROKEN[rule.name].splitlines()
    last = len(lines) - 1 if rule.name == "move" else 0

    def with_comment(comment: str) -> str:
        return "\n".join(f"{x}{comment}" if i == last else x for i, x in enumerate(lines))

    assert not rule.offences(with_comment(f"  # house: allow {rule.name} - said so"))
    assert rule.offences(with_comment(f"  # house: allow {rule.name}"))
    assert rule.offences(with_comment("  # house: allow another-rule - said so"))


def test_every_rule_has_an_example() -> None:
    assert set(BROKEN) == set(KEPT) == {rule.name for rule in RULES}
