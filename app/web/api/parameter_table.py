"""The tables of docs/: every parameter that Stripe has for our calls, supported or refused; events."""

from app.web.api.call import Route
from app.web.api.event_types import SENT
from app.web.api.parameters import Parameter, doc_of, flat
from app.web.api.resource_guide import RESOURCES, Resource
from app.web.api.schemas.events import shown_by

_REFUSED = "**refused**"


def tables() -> str:
    """A table for each resource, in Markdown."""
    return "\n".join(_table(resource) for resource in RESOURCES)


def event_table() -> str:
    """The types of events that are sent, in Markdown."""
    rows = [f"| `{name}` | {doc} | `{shown_by(name)}` |" for name, doc in SENT.items()]
    return "\n".join(["| type | | shows |", "|---|---|---|", *rows]) + "\n"


def _table(resource: Resource) -> str:
    lines = [f"### {resource.title}", ""]
    for one in resource.routes():
        said = " ".join(part for part in (f"{one.summary.lower()}.", doc_of(one)) if part)
        lines.append(f"- `{one.method} {one.rule}`: {said}")
    rows = _rows(resource)
    if rows:
        lines += ["", "| parameter | of | |", "|---|---|---|"]
        lines += [f"| {names} | {calls} | {text} |" for names, calls, text in rows]
    return "\n".join(lines) + "\n"


def _rows(resource: Resource) -> list[tuple[str, str, str]]:
    """Names, calls and meaning; what is refused comes last, gathered by its reason."""
    calls: dict[tuple[str, str], list[str]] = {}
    for is_refused in (False, True):
        for route in resource.routes():
            for one in flat(route.takes):
                if (one.refused is not None) is is_refused:
                    calls.setdefault((one.name, _text(one)), []).append(_verb(route))
    names: dict[tuple[str, str, str], list[str]] = {}
    for (name, text), verbs in calls.items():
        alone = "" if text.startswith(_REFUSED) else name
        names.setdefault((alone, ", ".join(verbs), text), []).append(f"`{name}`")
    return [(", ".join(same), verbs, text) for (_, verbs, text), same in names.items()]


def _text(one: Parameter) -> str:
    if one.refused is not None:
        return f"{_REFUSED}: {one.refused}"
    said = " ".join(part for part in (f"{one.type}.", one.doc) if part)
    said = f"**required**. {said}" if one.is_required else said
    return said.replace("|", "\\|")


def _verb(route: Route) -> str:
    if route.weight == "search":
        return "search"
    last = route.rule.rpartition("/")[2]
    if route.gives.startswith("list:"):
        return "list" if route.rule.count("{") == 0 else f"list {last}".replace("_", " ")
    if route.method == "GET":
        return "retrieve"
    if route.method == "DELETE":
        return "delete"
    if last.startswith("{"):
        return "update"
    if "{" in route.rule:
        return last
    return "create"
