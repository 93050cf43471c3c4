"""The language of searches: `status:'succeeded' AND amount>1000 AND -metadata['order']:null`.

A query is up to ten clauses joined by AND or by OR, never both; a space is an AND. A clause is a
field, a sign and a value: `:` is exact, `~` a part of the text, `<` `>` `<=` `>=` compare numbers,
`-` in front negates. What the words mean is not known here: see `search_fields`.
"""

import re
from dataclasses import dataclass

from app.domain.errors import InvalidRequest

MOST_CLAUSES = 10
LONGEST = 2000
SIGNS = (":", "~", ">=", "<=", ">", "<")

_SPACE = re.compile(r"\s+")
_JOINER = re.compile(r"(and|or)(?=[\s\-]|$)", re.IGNORECASE)
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
_SIGN = re.compile(r":|~|>=|<=|>|<")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_BARE = re.compile(r"-?[0-9]{1,18}(?![^\s])|(?:true|false|null)(?![^\s])", re.IGNORECASE | re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition. `value` is None for `null`; `key` is metadata's."""

    field: str
    sign: str
    value: str | None
    key: str | None = None
    is_negated: bool = False

    @property
    def called(self) -> str:
        """The field as the caller writes it."""
        return self.field if self.key is None else f"{self.field}['{self.key}']"


@dataclass(frozen=True, slots=True)
class Query:
    """Clauses of which all must hold, or any."""

    clauses: tuple[Clause, ...]
    is_any: bool = False


class QueryInvalid(InvalidRequest):
    """A query that cannot be understood; the message says where and why."""

    def __init__(self, why: str, text: str = "", place: int | None = None) -> None:
        where = ""
        if place is not None:
            rest = text[place : place + 20]
            where = f" near '{rest}'" if rest.strip() else " at its end"
        super().__init__(f"The search query cannot be understood{where}: {why}", param="query")


def parse(text: str) -> Query:
    """The clauses of a query; raises QueryInvalid."""
    if len(text) > LONGEST:
        raise QueryInvalid(f"it has at most {LONGEST} characters.")
    reader = _Reader(text)
    clauses: list[Clause] = []
    joiners: set[str] = set()
    reader.skip()
    while True:
        clauses.append(reader.clause())
        if len(clauses) > MOST_CLAUSES:
            raise QueryInvalid(f"it has at most {MOST_CLAUSES} clauses.")
        joiner = reader.joiner()
        if joiner is None:
            break
        joiners.add(joiner)
        if len(joiners) > 1:
            raise QueryInvalid("AND and OR cannot be used together (a space is an AND).")
    return Query(tuple(clauses), is_any=joiners == {"or"})


class _Reader:
    """A place in the text that moves on as parts are taken from it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def skip(self) -> bool:
        return self._take(_SPACE) is not None

    def clause(self) -> Clause:
        is_negated = self._text.startswith("-", self._at)
        self._at += is_negated
        field = self._take(_FIELD)
        if field is None:
            raise self._wrong("a clause begins with the name of a field, as in status:'succeeded'.")
        key = self._key() if self._text.startswith("[", self._at) else None
        sign = self._take(_SIGN)
        if sign is None:
            raise self._wrong(f"after {field.group()} comes one of {' '.join(SIGNS)} and a value.")
        return Clause(
            field=field.group().lower(),
            sign=sign.group(),
            value=self._value(field.group()),
            key=key,
            is_negated=is_negated,
        )

    def joiner(self) -> str | None:
        """What joins the next clause to this one; None at the end."""
        is_apart = self.skip()
        if self._at == len(self._text):
            return None
        if not is_apart:
            raise self._wrong("clauses are parted by AND, by OR or by a space.")
        word = self._take(_JOINER)
        if word is None:
            return "and"
        self.skip()
        return word.group(1).lower()

    def _key(self) -> str:
        self._at += 1
        key = self._take(_QUOTED)
        if key is None or not self._text.startswith("]", self._at):
            raise self._wrong("a key of metadata is quoted, as in metadata['order'].")
        self._at += 1
        return _unquoted(key)

    def _value(self, field: str) -> str | None:
        quoted = self._take(_QUOTED)
        if quoted is not None:
            return _unquoted(quoted)
        bare = self._take(_BARE)
        if bare is None:
            raise self._wrong(f"a text is quoted, as in {field}:'text'; a number is whole.")
        word = bare.group().lower()
        return None if word == "null" else word

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _wrong(self, why: str) -> QueryInvalid:
        return QueryInvalid(why, self._text, self._at)


def _unquoted(match: re.Match[str]) -> str:
    inner = match.group(1) if match.group(1) is not None else match.group(2)
    return _ESCAPED.sub(r"\1", inner)
