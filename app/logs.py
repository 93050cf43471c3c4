"""Log lines: one event's name, then what it is about as `key=value`, always our own ids.

Line ends and control characters are escaped, so that nobody can write a line that we did not; what looks
like a card number is struck out, wherever it came from.
"""

import logging
import re

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CARD_LIKE = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_SECRET = re.compile(r"\b(sk|rk|whsec)_[A-Za-z0-9_]{6,}")


class LineFormatter(logging.Formatter):
    """`2026-11-22T16:00:00Z WARNING queue.unreachable job=inbox error=…`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line for the record; a traceback follows, struck through like the rest."""
        at = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        extras = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        words = [at, record.levelname, record.getMessage()]
        words += [f"{name}={value}" for name, value in extras.items()]
        line = _escaped(" ".join(str(word) for word in words))
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return _struck(line)


def _escaped(line: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def _struck(text: str) -> str:
    return _SECRET.sub(r"\1_…", _CARD_LIKE.sub("[digits]", text))


def configure() -> None:
    """Set the process's logging up once; libraries speak only when something is wrong."""
    root = logging.getLogger()
    if any(isinstance(handler.formatter, LineFormatter) for handler in root.handlers):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("alembic", "stripe", "rq", "urllib3", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
