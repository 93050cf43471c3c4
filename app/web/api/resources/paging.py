"""Where a page of a list begins: the `limit`, `starting_after` and `ending_before` of a call."""

from collections.abc import Callable

from app.domain.errors import InvalidRequest
from app.reports.objects.paging import Between, Slice
from app.web.api.call import Call

USUAL_LIMIT = 10


class ParametersExclusive(InvalidRequest):
    """Two parameters of which one at most can be meant."""

    code = "parameters_exclusive"


class CursorUnknown(InvalidRequest):
    """A page was to begin at an object that this account does not have."""

    code = "resource_missing"

    def __init__(self, kind: str, object_id: str, param: str) -> None:
        super().__init__(f"No such {kind}: '{object_id}'", param=param)


def cut(call: Call, exists: Callable[[str], bool]) -> Slice:
    """The page that is asked for. `exists` says whether an id is an object of this account's list;
    it is asked only where a cursor was sent, and should cost a look-up by primary key.
    """
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after is not None and before is not None:
        raise ParametersExclusive(
            "Received both starting_after and ending_before parameters. Please pass in only one.",
            param="ending_before",
        )
    for param, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor is not None and not exists(cursor):
            raise CursorUnknown(call.route.gives.removeprefix("list:"), cursor, param)
    return Slice(call.params.get("limit") or USUAL_LIMIT, after, before)


def created(call: Call) -> Between | None:
    """The range of moments that is asked for, if one is."""
    found: Between | None = call.params.get("created")
    return found
