"""What a customer is told when a bank says no."""

import pytest

from app.domain.declines import CUSTOMER_TEXT, DeclineReason


@pytest.mark.parametrize("reason", list(DeclineReason))
def test_each_reason_says_what_to_do_and_that_nothing_was_charged(reason: DeclineReason) -> None:
    text = CUSTOMER_TEXT[reason]

    assert text.title
    assert not text.title.endswith(".")
    assert "You have not been charged." in text.text
    assert len(text.text) > len("You have not been charged.")


@pytest.mark.parametrize("reason", list(DeclineReason))
def test_no_text_tells_a_thief_what_was_found_out(reason: DeclineReason) -> None:
    words = f"{CUSTOMER_TEXT[reason].title} {CUSTOMER_TEXT[reason].text}".lower()

    for secret in ("lost", "stolen", "fraud", "block", "restrict", "pick", "risk", "suspicious"):
        assert secret not in words


def test_no_two_reasons_share_their_words() -> None:
    assert len(set(CUSTOMER_TEXT.values())) == len(DeclineReason)
