"""What a call takes: each parameter is a field that reads, refuses and describes itself.

A specification maps names to fields. A name that is not in it is refused by name; one that others
offer and we do not is a `Refused` field and is refused with the reason. Nothing is ignored. A wire
of forms brings text and one of JSON brings values; both read alike.
"""

from app.web.api.fields.base import (
    Field,
    Refused,
    Schema,
    Spec,
    described,
    need,
    object_schema,
    read_all,
    refused,
)
from app.web.api.fields.nested import Hash, List, Metadata, Range, merged
from app.web.api.fields.plain import Amount, Choice, Email, Flag, Id, Moment, Text, Web, Whole

__all__ = [
    "CREATED",
    "EXPAND",
    "PAGE",
    "Amount",
    "Choice",
    "Email",
    "Field",
    "Flag",
    "Hash",
    "Id",
    "List",
    "Metadata",
    "Moment",
    "Range",
    "Refused",
    "Schema",
    "Spec",
    "Text",
    "Web",
    "Whole",
    "described",
    "merged",
    "need",
    "object_schema",
    "read_all",
    "refused",
]

PAGE: dict[str, Field] = {
    "limit": Whole(1, 100, doc="How many at most; 10 if not said."),
    "starting_after": Id(doc="The last id of the page before: what follows is older."),
    "ending_before": Id(doc="The first id of the page after: what comes is newer."),
}
CREATED: dict[str, Field] = {"created": Range()}
EXPAND: dict[str, Field] = {
    "expand": List(Text(200), 20, doc="Names of ids to be replaced by their objects.")
}
