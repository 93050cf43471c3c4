"""Calls about objects of which there are none yet: they answer as they will when there are."""

from app.domain.errors import NotFound
from app.web.api.call import Call, Handler, Json, Listing
from app.web.api.resources.paging import cut


def list_none(call: Call) -> Listing:
    """No objects; a page that would begin at one of them cannot."""
    cut(call, lambda _: False)
    return Listing([], has_more=False)


def no_such(kind: str) -> Handler:
    """A call about one object, named in the address by its kind: there is no such object."""

    def retrieve(call: Call) -> Json:
        raise NotFound(kind, call.path[kind])

    return retrieve
