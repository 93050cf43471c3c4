"""What a customer is told when a bank says no."""

import pytest

from app.domain.declines import DeclineReason, customer_text


@pytest.mark.parametrize("reason", list(DeclineReason))
def test_each_reason_says_what_to_do_and_that_nothing_was_charged(reason: DeclineReason) -> None:
    text = customer_text(reason)

    assert text.title
    assert not text.title.endswith(".")
    assert "You have not been charged." in text.text
    assert len(text.text) > len("You have not been charged.")


@pytest.mark.parametrize("reason", list(DeclineReason))
def test_no_text_tells_a_thief_what_was_found_out(reason: DeclineReason) -> None:
    words = f"{customer_text(reason).title} {customer_text(reason).text}".lower()

    for secret in ("lost", "stolen", "fraud", "block", "restrict", "pick", "risk", "suspicious"):
        assert secret not in words


def test_no_two_reasons_share_their_words() -> None:
    assert len({customer_text(reason) for reason in DeclineReason}) == len(DeclineReason)
