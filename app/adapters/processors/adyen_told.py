"""What became of a payment, from all that Adyen told of it: a pure function of the set of facts.

Facts come late, twice and in any order, so none is applied by itself; each time all are read together. A fact
implies what must have been before it: who hears of a capture first knows that the payment was authorised.
What is signed decides: references, amounts, codes. What is not (dates, reasons) is only shown.
"""

from app.adapters.processors.adyen_captures import taking
from app.adapters.processors.adyen_facts import CANCELS, Fact, facts_in
from app.adapters.processors.adyen_references import reference_of
from app.adapters.processors.adyen_words import HELD, card_of, declined
from app.domain.declines import DeclineReason
from app.domain.money import Money
from app.domain.processor import (
    Absent,
    Authorized,
    Canceled,
    Captured,
    Declined,
    Facts,
    Outcome,
    ProcessorAccount,
    Query,
    RefundAccepted,
    RefundOutcome,
    RefundRefused,
    Returned,
    Unknown,
)

# What is only told of a payment that was made.
OF_MADE = CANCELS | {"AUTHORISATION", "CAPTURE", "CAPTURE_FAILED", "EXPIRE"}

NOTHING = Unknown("nothing was told of it yet", is_silent=True)


def outcome(account: ProcessorAccount, query: Query) -> Outcome:
    """What the facts say of the payment, or of the capture or cancellation in flight."""
    facts = facts_in(query.heard)
    reference = query.reference or _first_made(facts, query.payment_id)
    about = [fact for fact in facts if fact.about == reference]
    found = _story(account, query, about, str(reference)) if about else None
    if query.operation_id is not None:
        if isinstance(found, Captured | Returned | Canceled):
            return found
        return _refused_call(facts, query.operation_id) or NOTHING
    return found or _refused_try(facts, query) or NOTHING


def _first_made(facts: list[Fact], payment_id: str) -> str | None:
    """The try that succeeded, by what was told of it or of what was done with it; of several the first, the
    others are news about money beside the payment's.
    """
    made = (fact for fact in facts if fact.is_success and fact.code in OF_MADE)
    return next((fact.about for fact in made if fact.payment_id == payment_id), None)


def _story(
    account: ProcessorAccount, query: Query, about: list[Fact], reference: str
) -> Outcome | None:
    """How the payment of that name stands; None if it was not made, as far as it was told."""
    made = next((f for f in about if f.code == "AUTHORISATION" and f.is_success), None)
    captures = _done(about, "CAPTURE")
    failed = _done(about, "CAPTURE_FAILED")
    undone = [f for f in about if f.is_success and f.code in CANCELS and not f.is_refund]
    expired = _done(about, "EXPIRE")
    told = [fact for fact in (made, *captures, *failed, *undone, *expired) if fact is not None]
    # What was given back was taken; but how much, only the capture tells, unless all was to be taken.
    may_be_whole = query.capture_now is not False
    is_refunded = may_be_whole and any(f.is_success and f.is_refund for f in about)
    if not told and not is_refunded:
        return None
    amount = _whole(made, query, about)
    if amount is None:
        return Unknown("the amount is not known")
    facts = Facts(
        reference, amount, account.is_live, account.merchant_id, _payment_of(about, query)
    )
    # What Adyen takes by itself it takes whole, and tells no capture of it.
    counted = [] if query.capture_now and not failed else captures
    taken = taking(counted, failed, amount, query.payment_id, at_once=bool(query.capture_now))
    if taken is None:
        return Unknown("it is not known how much was taken")
    card = card_of(made.item) if made is not None else None
    captured = Captured(facts, taken.amount, card, reference, beyond_minor=taken.beyond_minor)
    if taken.returned is not None:
        why = failed[0].reason or "capture_failed"
        return Returned(captured, taken.returned, why, failed[0].psp)
    if captures or is_refunded:
        return captured
    if undone or expired:
        return _let_go(query, captured, undone, is_made=made is not None)
    if query.capture_now:
        return captured
    return Authorized(facts, amount, card, reference, (made or about[0]).at + HELD)


def _let_go(query: Query, captured: Captured, undone: list[Fact], *, is_made: bool) -> Outcome:
    """Nothing is taken after all. What Adyen was to take by itself was booked as taken when it was told."""
    if query.capture_now and is_made:
        first = undone[0].psp if undone else captured.facts.reference
        return Returned(captured, captured.amount, "canceled" if undone else "expired", first)
    return Canceled(captured.facts, is_expired=not undone)


def _done(about: list[Fact], code: str) -> list[Fact]:
    return [fact for fact in about if fact.code == code and fact.is_success]


def _whole(made: Fact | None, query: Query, about: list[Fact]) -> Money | None:
    """What was authorised: as it was told, else as we asked, else the most that was told of it."""
    if made is not None:
        return made.amount
    if query.amount is not None:
        return query.amount
    told = [fact.amount for fact in about if fact.amount is not None]
    return max(told, key=lambda amount: (amount.amount_minor, amount.currency), default=None)


def _payment_of(about: list[Fact], query: Query) -> str | None:
    """Whose payment it is: its own reference's, which a modification by somebody else does not repeat."""
    told = sorted({fact.payment_id for fact in about if fact.payment_id is not None})
    if told:
        return told[0] if len(told) == 1 else "several"
    return query.payment_id or None if query.amount is not None else None


def _refused_try(facts: list[Fact], query: Query) -> Declined | None:
    """The refusal of the last try; what became of earlier ones says nothing about it. Where the payment was
    made, by whichever object, there is none.
    """
    if query.attempt_id is None or _first_made(facts, query.payment_id) is not None:
        return None
    ours = reference_of(query.payment_id, query.attempt_id)
    for fact in facts:
        if fact.reference == ours and fact.code == "AUTHORISATION" and not fact.is_success:
            return declined("", fact.reason, card_of(fact.item))
        if fact.reference == ours and fact.code == "TECHNICAL_CANCEL" and fact.is_unfound:
            return Declined(DeclineReason.TECHNICAL, "not_processed")
        if fact.reference == ours and fact.code == "OFFER_CLOSED" and fact.is_success:
            return Declined(DeclineReason.UNFINISHED, "offer_closed")
    return None


def _refused_call(facts: list[Fact], operation_id: str) -> Declined | None:
    """That the capture or cancellation in flight was refused."""
    for fact in facts:
        is_its = fact.part_id == operation_id and fact.code in CANCELS | {"CAPTURE"}
        if is_its and not fact.is_success:
            return Declined(DeclineReason.TECHNICAL, fact.reason or "refused")
    return None


def refunds(
    heard: tuple[bytes, ...], payment_reference: str
) -> list[RefundAccepted | RefundRefused]:
    """Every refund of the payment, whoever made it, as it stands."""
    told = [
        fact
        for fact in facts_in(heard)
        if fact.about == payment_reference and fact.psp != payment_reference and fact.is_refund
    ]
    groups: dict[str, list[Fact]] = {}
    for fact in told:
        groups.setdefault(_name(fact), []).append(fact)
    unnamed = _join_reversals(groups)
    return [
        _refund(group, payment_reference, is_unnamed=name in unnamed)
        for name, group in sorted(groups.items())
    ]


def _name(fact: Fact) -> str:
    """What a refund's facts have in common: our id, else the name of the refund there."""
    part = fact.part_id
    return part if part is not None and part.startswith("re_") else fact.psp


def _join_reversals(groups: dict[str, list[Fact]]) -> set[str]:
    """A refund that came back may be told under a name of its own: it is the one of that amount, if there is
    only one. Gives those of which there are several.
    """
    unnamed = set()
    for name, group in sorted(groups.items()):
        if any(fact.code != "REFUNDED_REVERSED" for fact in group):
            continue
        same = [
            other
            for key, other in groups.items()
            if key != name
            and any(f.code == "REFUND" and f.amount == group[0].amount for f in other)
        ]
        if len(same) == 1:
            same[0].extend(groups.pop(name))
        elif same:
            unnamed.add(name)
    return unnamed


def _refund(
    group: list[Fact], payment_reference: str, *, is_unnamed: bool
) -> RefundAccepted | RefundRefused:
    first = next((f for f in group if f.code in ("REFUND", "CANCEL_OR_REFUND")), group[0])
    part = next((f.part_id for f in group if f.part_id and f.part_id.startswith("re_")), None)
    is_done = any(f.is_success for f in group if f.code in ("REFUND", "CANCEL_OR_REFUND"))
    undone = [
        f
        for f in group
        if f.is_success and f.code in ("REFUND_FAILED", "REFUNDED_REVERSED", "VOID_PENDING_REFUND")
    ]
    refused = [] if is_done else [f for f in group if not f.is_success]
    against = undone or refused
    if against:
        why = against[0].reason or against[0].code.lower()
        return RefundRefused(why, first.psp, part, payment_reference, first.amount, is_unnamed)
    if first.amount is None:
        # Nothing that can be booked, and nothing that may be called refused: a person has to look.
        raise ValueError(f"refund {first.psp} tells no amount")
    return RefundAccepted(first.psp, first.amount, is_done, payment_reference, part)


def refund(
    heard: tuple[bytes, ...], payment_reference: str, refund_id: str, reference: str | None
) -> RefundOutcome:
    """One refund, by our id or by theirs."""
    for item in refunds(heard, payment_reference):
        if item.refund_id == refund_id or (reference and item.reference == reference):
            return item
    return Absent()
