"""`expand[]`: ids replaced by the objects they name, at most four levels deep.

All objects of one level are fetched together: a page of a hundred costs as many statements as one
object does. A path that names nothing to be expanded is refused.
"""

from collections.abc import Callable, Mapping, Sequence

from app.domain.errors import InvalidRequest
from app.web.api.call import Asker, Call, Json
from app.web.api.objects import lookup

MOST_LEVELS = 4
Fetch = Callable[[Asker, Sequence[str]], Mapping[str, Json]]

# Object, field → how what it names is fetched; None where the field is always empty here.
EXPANDABLE: dict[str, dict[str, Fetch | None]] = {
    "payment_intent": {
        "latest_charge": lookup.charges,
        "payment_method": lookup.payment_methods,
        "customer": lookup.customers,
        "application": None,
        "on_behalf_of": None,
        "review": None,
    },
    "charge": {
        "balance_transaction": lookup.balance_transactions,
        "failure_balance_transaction": None,
        "payment_intent": lookup.payment_intents,
        "customer": lookup.customers,
        "refunds": lookup.refunds_of_charges,
        "application": None,
        "application_fee": None,
        "on_behalf_of": None,
        "review": None,
        "source_transfer": None,
        "transfer": lookup.transfers,
    },
    "refund": {
        "balance_transaction": lookup.balance_transactions,
        "failure_balance_transaction": lookup.balance_transactions,
        "charge": lookup.charges,
        "payment_intent": lookup.payment_intents,
        "source_transfer_reversal": None,
        "transfer_reversal": lookup.reversals,
    },
    "customer": {
        "invoice_settings.default_payment_method": lookup.payment_methods,
        "default_source": None,
        "test_clock": None,
    },
    "payment_method": {"customer": lookup.customers},
    "balance_transaction": {"source": lookup.sources},
    "payout": {
        "balance_transaction": lookup.balance_transactions,
        "failure_balance_transaction": lookup.balance_transactions,
        "application_fee": None,
        "destination": None,
        "original_payout": None,
        "reversed_by": None,
    },
    "transfer": {
        "balance_transaction": lookup.balance_transactions,
        "source_transaction": lookup.charges,
        "destination": None,
        "destination_payment": None,
    },
    "transfer_reversal": {
        "balance_transaction": lookup.balance_transactions,
        "transfer": lookup.transfers,
        "destination_payment_refund": None,
        "source_refund": lookup.refunds,
    },
    "escrow_hold": {"payment_intent": lookup.payment_intents},
    "checkout.session": {
        "payment_intent": lookup.payment_intents,
        "customer": lookup.customers,
        "line_items": lookup.line_items_of_sessions,
        "invoice": None,
        "payment_link": None,
        "setup_intent": None,
        "subscription": None,
    },
}
# Lists inside an object, fetched by the object's own id: absent until they are asked for.
_LISTS = ("refunds", "line_items")


def check(call: Call) -> None:
    """Whether every path of the call can be expanded, before anything is done; raises InvalidRequest."""
    kind = call.route.gives
    is_search = call.route.weight == "search"
    for path in call.expand:
        fields = path.split(".")
        if kind.startswith("list:"):
            if is_search and path == "total_count":
                continue
            if fields[0] != "data" or len(fields) < 2:
                raise _refused(path)
            fields = fields[1:]
        if len(fields) > MOST_LEVELS:
            raise InvalidRequest(
                "You cannot expand more than 4 levels of a property.", param="expand"
            )
        _check(call, fields, path)


def expand(call: Call, body: Json) -> Json:
    """The object, or list of objects, with every path of the call expanded."""
    is_list = body.get("object") in ("list", "search_result")
    for path in call.expand:
        fields = path.split(".")
        if is_list:
            _expand(call, list(body["data"]), fields[1:])
        else:
            _expand(call, [body], fields)
    return body


def _refused(path: str) -> InvalidRequest:
    return InvalidRequest(f"This property cannot be expanded ({path}).", param="expand")


# What an expanded field holds, so that a path can be judged before anything is fetched.
_KIND: dict[Fetch, str] = {
    lookup.charges: "charge",
    lookup.payment_methods: "payment_method",
    lookup.customers: "customer",
    lookup.balance_transactions: "balance_transaction",
    lookup.payment_intents: "payment_intent",
    lookup.transfers: "transfer",
    lookup.reversals: "transfer_reversal",
    lookup.refunds: "refund",
    lookup.refunds_of_charges: "refund",
    lookup.line_items_of_sessions: "item",
}


def _check(call: Call, fields: list[str], path: str) -> None:
    """Whether the path can be expanded, whatever the page holds: an empty one is judged alike."""
    kinds = {call.route.gives.removeprefix("list:")}
    place = 0
    while place < len(fields):
        name, used = _step(kinds, fields, place)
        if name is None:
            raise _refused(path)
        fetches = {EXPANDABLE[kind][name] for kind in kinds if name in EXPANDABLE.get(kind, {})}
        place += used
        if name in _LISTS and place < len(fields) and fields[place] == "data":
            place += 1
        kinds = set()
        for fetch in fetches:
            if fetch is lookup.sources:
                kinds |= {"charge", "refund"}
            elif fetch is not None:
                kinds.add(_KIND[fetch])
        if not kinds:
            return


def _step(kinds: set[str], fields: list[str], place: int) -> tuple[str | None, int]:
    """The next expandable name at `place`; some have a dot in them."""
    for used in (1, 2):
        name = ".".join(fields[place : place + used])
        if any(name in EXPANDABLE.get(kind, {}) for kind in kinds):
            return name, used
    return None, 0


def _expand(call: Call, nodes: Sequence[Json], fields: list[str]) -> None:
    by_kind: dict[str, list[Json]] = {}
    for node in nodes:
        by_kind.setdefault(str(node.get("object")), []).append(node)
    for kind, same in by_kind.items():
        name, used = _step({kind}, fields, 0)
        if name is None:
            continue
        fetch = EXPANDABLE[kind][name]
        if fetch is not None:
            below = _filled(call, same, name, fetch)
            rest = fields[used:]
            if name in _LISTS:
                below = [row for listed in below for row in listed["data"]]
                rest = rest[1:] if rest[:1] == ["data"] else rest
            if rest and below:
                _expand(call, below, rest)


def _filled(call: Call, nodes: Sequence[Json], name: str, fetch: Fetch) -> list[Json]:
    """Put the objects in the place of their ids; gives them."""
    *outer, last = name.split(".")
    places = [(_inner(node, outer), node["id"]) for node in nodes]
    keyed = [(place, own if last in _LISTS else place.get(last)) for place, own in places]
    wanted = {key for _, key in keyed if isinstance(key, str)}
    found = fetch(call, sorted(wanted)) if wanted else {}
    for place, key in keyed:
        if isinstance(key, str) and key in found:
            place[last] = found[key]
    return [place[last] for place, _ in places if isinstance(place.get(last), dict)]


def _inner(node: Json, names: list[str]) -> Json:
    """The object inside that holds the field."""
    for name in names:
        node = node.get(name) or {}
    return node


def paths_of(kind: str, levels: int = MOST_LEVELS) -> list[str]:
    """Every path that can be expanded in an object of this kind: what the specification lists."""
    found = []
    for name, fetch in EXPANDABLE.get(kind, {}).items():
        found.append(name)
        inner = f"{name}.data" if name in _LISTS else name
        left = levels - 1 - inner.count(".")
        if fetch is None or left < 1:
            continue
        kinds = ("charge", "refund") if fetch is lookup.sources else (_KIND[fetch],)
        found += [f"{inner}.{path}" for one in kinds for path in paths_of(one, left)]
    return sorted(set(found))
