"""From a request to an answer: the one way through the API.

Who asks, may they, not too often, with which parameters, under which key: then the handler, and what
it gives is expanded, written and logged. A handler knows nothing of HTTP: it takes a Call and gives an
object, a listing, or an answer that was stored before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.domain.ids import new_id, new_secret
from app.services.deps import Deps
from app.services.idempotency import Claim
from app.services.keys import Caller
from app.web.api.fields import Spec, Text

Json = dict[str, Any]


class Asker(Protocol):
    """Whose objects are read: a call, or whoever tells of them without one."""

    @property
    def merchant_id(self) -> str:
        """Whose account it is."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether the account takes real money."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of objects. `total` and `next_page` are for searches only."""

    data: Sequence[Json]
    has_more: bool
    total: int | None = None
    next_page: str | None = None
    is_search: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with a status of its own, or one that was written and stored already (`raw`).

    One that is not final tells of an outcome that is not known yet: it is not stored.
    """

    status: int
    body: Json = field(default_factory=dict)
    raw: bytes | None = None
    is_replay: bool = False
    is_final: bool = True
    original_request: str | None = None


@dataclass
class Call:
    """One request, understood: whose it is and what it asks for."""

    deps: Deps
    caller: Caller
    route: "Route"
    path: dict[str, str]
    params: dict[str, Any]
    request_id: str
    client_address: str = ""
    expand: tuple[str, ...] = ()
    key: str | None = None
    request_hash: bytes = b""
    claim: Claim | None = None
    idempotency_outcome: str | None = None
    made: str | None = None

    @property
    def merchant_id(self) -> str:
        """Whose account this is."""
        return self.caller.merchant_id

    @property
    def is_live(self) -> bool:
        """Whether the account takes real money."""
        return self.caller.is_live

    @property
    def actor(self) -> str:
        """How the key is named in events."""
        return f"api:{self.caller.key_id}"

    @property
    def scope(self) -> str:
        """The route that an idempotency key belongs to."""
        return f"{self.route.method} {self.route.path(self.path)}"

    def subject(self) -> str:
        """The id of what this request makes: the same one when it is repeated under its key."""
        if self.claim is not None and self.claim.subject_id is not None:
            return self.claim.subject_id
        if self.made is None:
            self.made = make_subject(self.deps, self.route, is_live=self.is_live) or ""
        return self.made


CLIENT_SECRET = {
    "client_secret": Text(200, doc="The payment's own; with a publishable key it is required.")
}
Handler = Callable[[Call], "Json | Listing | Answered"]


@dataclass(frozen=True)
class Route:
    """One call of the API, as data: what it takes, who may make it, what it gives.

    `creates` is the prefix of the id that the call makes or works under. `owns_key`: the handler
    claims the idempotency key itself, in the statement that writes the payment. `tells_secret`: the
    answer is not stored under the key; a repeat is told again what was made.
    """

    method: str
    rule: str
    handler: Handler
    spec: Spec
    resource: str
    level: str
    gives: str
    summary: str
    weight: str = "read"
    creates: str = ""
    owns_key: bool = False
    is_public: bool = False
    tells_secret: bool = False
    doc: str = ""

    @property
    def takes(self) -> Spec:
        """Its parameters; where a browser may ask, also what it proves its right with."""
        return {**self.spec, **CLIENT_SECRET} if self.is_public else self.spec

    @property
    def name(self) -> str:
        """A name for the endpoint: unique, and readable in logs."""
        rule = self.rule.replace("{", "").replace("}", "").strip("/").replace("/", "_")
        return f"{self.method.lower()}_{rule}"

    def path(self, values: dict[str, str]) -> str:
        """The address with its ids."""
        path = self.rule
        for name, value in values.items():
            path = path.replace(f"{{{name}}}", value)
        return path


def make_subject(deps: Deps, route: Route, *, is_live: bool) -> str | None:
    """A new id for what the route makes; a checkout's opens by being known, so it is a secret."""
    if not route.creates:
        return None
    if route.creates == "cs":
        return new_secret(f"cs_{'live' if is_live else 'test'}")
    return new_id(route.creates, deps.clock.now())
