"""How each route of the API is answered: the order of the checks, and what becomes of the result.

Key, permission, rate, parameters, idempotency key, handler, expansion, answer, log. What is refused
before the handler changes nothing and is not stored under the key.
"""

import logging
import time
from contextlib import suppress
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, g, request

from app.domain.errors import (
    FarthingError,
    IdempotencyInUse,
    IdempotencyMismatch,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    RateLimited,
)
from app.domain.origin import Origin, caused_by
from app.domain.permissions import key_allows
from app.services import idempotency
from app.services.idempotency import Claim, KeyedRequest, StoredReply
from app.services.keys import Caller
from app.web.api import log, requests
from app.web.api.call import Answered, Call, Json, Listing, Route, make_subject
from app.web.api.errors import error_body
from app.web.api.expansion import check as check_paths
from app.web.api.expansion import expand
from app.web.api.fields import EXPAND, read_all
from app.web.api.version import API_VERSION
from app.web.context import client_address, deps, request_id

logger = logging.getLogger(__name__)

NOT_STORED = (InvalidRequest, NotFound, NotSignedIn, NotAllowed)


def mount(blueprint: Blueprint, routes: tuple[Route, ...]) -> None:
    """Give each route its address."""
    for route in routes:
        rule = route.rule.replace("{", "<").replace("}", ">")
        blueprint.add_url_rule(rule, route.name, _view(route), methods=[route.method])


def _view(route: Route) -> Any:
    def view(**path: str) -> Response:
        return answer(route, path)

    view.route = route  # type: ignore[attr-defined]
    return view


def answer(route: Route, path: dict[str, str]) -> Response:
    """The answer to one request; expected errors are raised to `web.errors`, logged on the way."""
    started = time.perf_counter()
    seen = log.Seen(started, route.rule)
    g.api_seen = seen
    caller = _caller(route)
    seen.caller = caller
    _may(caller, route)
    _not_too_often(caller, route)
    # What stands in the address counts too: a parameter is refused there as it is in a body.
    found = requests.query() | (requests.body() if route.method != "GET" else {})
    requests.refuse_card_data(path, "id")
    call = _understood(route, path, caller, found)
    seen.call = call
    with caused_by(Origin(call.request_id, call.key)):
        return _response(_handled(call))


def notice() -> None:
    """Let a request that no route answers stand in the log of whoever sent it: a mistyped address is
    looked for there first. Without a valid key it is nobody's.
    """
    g.api_seen = seen = log.Seen(time.perf_counter())
    with suppress(FarthingError):
        seen.caller = requests.caller(is_checked_later=True)


def _caller(route: Route) -> Caller:
    """Who asks. On the payment path the statement that claims the idempotency key looks at the API
    key too, so a remembered row will do there; one whose permissions may change is always read anew.
    """
    is_checked_later = route.owns_key and bool(request.headers.get("Idempotency-Key"))
    caller = requests.caller(is_checked_later=is_checked_later)
    if is_checked_later and caller.kind == "restricted":
        return requests.caller()
    return caller


def _may(caller: Caller, route: Route) -> None:
    if route.is_public and caller.kind == "publishable":
        return
    if caller.kind == "publishable":
        raise NotAllowed(
            "This call needs a secret key (sk_… or rk_…); a publishable key may not make it."
        )
    if caller.kind == "restricted" and not key_allows(
        caller.permissions, route.resource, route.level
    ):
        raise NotAllowed(
            f"This restricted key may not {route.level} {route.resource}. Its permissions are set on"
            " the dashboard's API keys page."
        )


def _not_too_often(caller: Caller, route: Route) -> None:
    seconds = deps().limiter.take(caller.key_id, route.weight)
    if seconds:
        raise RateLimited(
            "Too many requests with this key. Come again in a moment.", retry_after_seconds=seconds
        )


def _understood(route: Route, path: dict[str, str], caller: Caller, found: Json) -> Call:
    key = requests.idempotency_key() if route.method == "POST" else None
    requests.check_headers()
    spec = {**route.takes, **EXPAND}
    params = read_all(spec, found)
    paths = tuple(one for one in params.pop("expand", None) or () if one)
    call = Call(
        deps=deps(),
        caller=caller,
        route=route,
        path=path,
        params=params,
        request_id=request_id(),
        client_address=client_address(),
        expand=paths,
        key=key,
        request_hash=requests.request_hash(found) if key else b"",
    )
    check_paths(call)
    return call


def _handled(call: Call) -> Answered:
    if call.route.method != "POST" or call.key is None:
        return _finished(call, call.route.handler(call))
    try:
        return _under_own_key(call) if call.route.owns_key else _claimed(call)
    except IdempotencyMismatch:
        call.idempotency_outcome = "mismatch"
        raise
    except IdempotencyInUse:
        call.idempotency_outcome = "in_use"
        raise


def _under_own_key(call: Call) -> Answered:
    """The handler claims the key itself, together with what it writes."""
    call.idempotency_outcome = "first"
    result = _finished(call, call.route.handler(call))
    if result.is_replay:
        call.idempotency_outcome = "replayed"
    return result


def _claimed(call: Call) -> Answered:
    keyed = KeyedRequest(
        merchant_id=call.merchant_id,
        scope=call.scope,
        key=call.key or "",
        request_hash=call.request_hash,
        request_id=call.request_id,
        subject_id=make_subject(call.deps, call.route, is_live=call.is_live),
    )
    claimed = idempotency.claim(call.deps, keyed)
    if isinstance(claimed, StoredReply):
        return _replayed(call, claimed)
    call.claim = claimed
    call.idempotency_outcome = "resumed" if claimed.is_resumed else "first"
    return _under_key(call, claimed)


def _under_key(call: Call, claimed: Claim) -> Answered:
    try:
        result = _finished(call, call.route.handler(call))
    except NOT_STORED:
        # Refused before anything was done: the key is not used up.
        if not idempotency.drop(claimed):
            return _told_to_another(call, claimed)
        raise
    except FarthingError as error:
        if error.status >= 500 or error.status in (409, 429):
            idempotency.release(claimed)
        else:
            body = orjson.dumps(error_body(error, call.request_id))
            if not idempotency.finish(call.deps, claimed, error.status, body):
                return _told_to_another(call, claimed)
        raise
    except BaseException:
        # What was begun is found again under the same ids; the next request goes on from there.
        idempotency.release(claimed)
        raise
    kept = None if call.route.tells_secret else result.raw or b""
    if result.is_final:
        is_ours = idempotency.finish(call.deps, claimed, result.status, kept)
    else:
        is_ours = idempotency.release(claimed)
    return result if is_ours else _told_to_another(call, claimed)


def _told_to_another(call: Call, claimed: Claim) -> Answered:
    """Our lease had gone to another request with the key: what that one was told is the answer."""
    return _replayed(call, idempotency.reply_of_another(claimed))


def _replayed(call: Call, stored: StoredReply) -> Answered:
    call.idempotency_outcome = "replayed"
    if stored.body is not None:
        return Answered(
            stored.status or 200,
            raw=stored.body,
            is_replay=True,
            original_request=stored.request_id,
        )
    # The reply is forgotten; what the request made or did is told as it stands now.
    call.claim = Claim(call.merchant_id, call.scope, call.key or "", "", stored.subject_id, True)
    fresh = _finished(call, call.route.handler(call))
    return Answered(fresh.status, raw=fresh.raw, is_replay=True, original_request=stored.request_id)


def _finished(call: Call, result: Json | Listing | Answered) -> Answered:
    """The result with its ids expanded, as bytes."""
    if isinstance(result, Answered):
        if result.raw is not None:
            return result
        return Answered(result.status, raw=orjson.dumps(result.body))
    if isinstance(result, Listing):
        result = _envelope(call, result)
    return Answered(200, raw=orjson.dumps(expand(call, result)))


def _envelope(call: Call, listing: Listing) -> Json:
    body: Json = {
        "object": "search_result" if listing.is_search else "list",
        "data": list(listing.data),
        "has_more": listing.has_more,
        "url": call.route.path(call.path),
    }
    if listing.is_search:
        body["next_page"] = listing.next_page
        if listing.total is not None:
            body["total_count"] = listing.total
    return body


def _response(result: Answered) -> Response:
    response = Response(result.raw, status=result.status, mimetype="application/json")
    if result.is_replay:
        response.headers["Idempotent-Replayed"] = "true"
        if result.original_request:
            response.headers["Original-Request"] = result.original_request
    return response


def finish(response: Response) -> Response:
    """After every answer of the API, errors too: the headers that SDKs read, and the log."""
    seen: log.Seen | None = g.get("api_seen")
    response.headers["Stripe-Version"] = API_VERSION
    key = request.headers.get("Idempotency-Key")
    if key and seen is not None and seen.call is not None and seen.call.key:
        response.headers["Idempotency-Key"] = key
    if response.status_code in (409, 429) or response.status_code >= 500:
        response.headers["Stripe-Should-Retry"] = "true"
    elif response.headers.get("Idempotent-Replayed"):
        response.headers["Stripe-Should-Retry"] = "false"
    if seen is not None and seen.caller is not None:
        entry = log.entry(
            seen,
            request_id=request_id(),
            response=response,
            ip=client_address(),
            at=deps().clock.now(),
        )
        current_app.extensions["farthing_request_log"].add(entry)
    return response
