"""`expand[]`: identifiers replaced by the objects they name, at most four levels deep."""

from app.sandbox import customers
from app.sandbox.call import Call, public
from app.sandbox.errors import Json, invalid

MAXIMUM_LEVELS = 4

# Object, field → kind of the object behind it; "" where the field exists but is always empty here.
EXPANDABLE: dict[str, dict[str, str]] = {
    "payment_intent": {
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "customer": "customer",
        "review": "",
        "on_behalf_of": "",
        "application": "",
    },
    "charge": {
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "refunds": "refunds",
        "customer": "customer",
        "review": "",
        "on_behalf_of": "",
        "application": "",
        "application_fee": "",
        "source_transfer": "",
        "transfer": "",
    },
    "refund": {
        "balance_transaction": "balance_transaction",
        "failure_balance_transaction": "balance_transaction",
        "charge": "charge",
        "payment_intent": "payment_intent",
        "source_transfer_reversal": "",
        "transfer_reversal": "",
    },
    "balance_transaction": {"source": "source"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "payment_method": {"customer": "customer"},
}


def expand(call: Call, body: Json, paths: list[str]) -> Json:
    """The object with every path expanded; raises for a path that cannot be."""
    for path in paths:
        fields = path.split(".")
        if body.get("object") == "list":
            if fields[0] != "data" or len(fields) < 2:
                raise _refused(path)
            for item in body["data"]:
                _expand(call, item, fields[1:], path)
        else:
            _expand(call, body, fields, path)
    return body


def _refused(path: str) -> Exception:
    return invalid(f"This property cannot be expanded ({path}).", param="expand")


def _expand(call: Call, body: Json, fields: list[str], path: str) -> None:
    if len(fields) > MAXIMUM_LEVELS:
        raise invalid("You cannot expand more than 4 levels of a property.", param="expand")
    node = body
    for position, name in enumerate(fields):
        kinds = EXPANDABLE.get(str(node.get("object")), {})
        if name not in kinds:
            raise _refused(path)
        if kinds[name] == "refunds":
            node[name] = _refunds(call, node)
            return _expand_list(call, node[name], fields[position + 1 :], path)
        value = node.get(name)
        if isinstance(value, str):
            node[name] = value = _fetch(call, kinds[name], value)
        if not isinstance(value, dict):
            return None
        node = value
    return None


def _expand_list(call: Call, page: Json, rest: list[str], path: str) -> None:
    if rest and rest[0] != "data":
        raise _refused(path)
    for item in page["data"]:
        if rest[1:]:
            _expand(call, item, rest[1:], path)


def _fetch(call: Call, kind: str, object_id: str) -> Json:
    if kind == "source":
        kind = "charge" if object_id.startswith("ch_") else "refund"
    found = call.load(kind, object_id)
    return customers.shown(call, found) if kind == "customer" else public(found, call.now)


def _refunds(call: Call, charge: Json) -> Json:
    rows = call.unit.owned(call.account, "refund", charge["payment_intent"])
    return {
        "object": "list",
        "data": [public(row, call.now) for row in reversed(rows)][:10],
        "has_more": len(rows) > 10,
        "url": f"/v1/charges/{charge['id']}/refunds",
    }
