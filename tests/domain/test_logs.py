"""Log lines: nobody can forge one, and nothing secret stands in one."""

import logging

from app.logs import LineFormatter


def line(message: str, **extra: object) -> str:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", **extra})
    return LineFormatter().format(record)


def test_what_an_event_is_about_follows_its_name() -> None:
    assert line("payment.captured", payment="pi_1").endswith("INFO payment.captured payment=pi_1")


def test_a_value_cannot_begin_a_line_of_its_own() -> None:
    assert "\n" not in line("inbox.crashed", why="x\n2026 ERROR forged \x1b[31m")
    assert "\x1b" not in line("inbox.crashed", why="\x1b[31m")


def test_card_numbers_and_keys_are_struck_out() -> None:
    written = line(
        "x", card="4242 4242 4242 4242", key="sk_test_abcdefghijkl", hook="whsec_12345678"
    )

    assert "4242" not in written
    assert "abcdefghijkl" not in written
    assert "12345678" not in written
