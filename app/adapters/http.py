"""Posts to addresses that merchants chose, without lending them our place in the network.

The name is resolved once, every address of it is judged, and one of those very addresses is dialled,
so a name that changes between the check and the call gains nothing. One time budget covers all of it,
name server and TLS included; every wait gets what is left, so nobody holds a worker longer by
being slow. Redirects are answers, not directions. What a receiver sees and what a merchant is told
say nothing of our inside.
"""

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import cache

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.adapters.http_addresses import Address, Policy, Target, address_of, parse, refused
from app.adapters.http_exchange import CLOSED, Answer, BadAnswer, Deadline, exchange
from app.domain.errors import AddressRefused
from app.domain.ports import Receipt

log = logging.getLogger(__name__)

TOTAL_SECONDS = 10
CHECK_SECONDS = 5
MOST_LOOKUPS = 64
MOST_DIALLED = 3

Resolver = Callable[[str, int], Iterable[str]]


def resolve(host: str, port: int) -> Iterable[str]:
    """Ask the machine's resolver for every address of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return dict.fromkeys(str(row[4][0]) for row in found)


@cache
def default_tls() -> ssl.SSLContext:
    """Certificates are verified against the machine's authorities, or bundled ones if it has none."""
    paths = ssl.get_default_verify_paths()
    has_own = bool(paths.cafile or paths.capath)
    return ssl.create_default_context(cafile=None if has_own else DEFAULT_CA_BUNDLE_PATH)


class SafeSender:
    """The Sender port over sockets of our own.

    `before` is called ahead of each network call; it refuses to go on inside a unit of work.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        total_seconds: float = TOTAL_SECONDS,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._tls = tls or default_tls()
        self._tls.set_alpn_protocols(["http/1.1"])
        self._total_seconds = total_seconds
        self._before = before
        self._lookups = threading.BoundedSemaphore(MOST_LOOKUPS)

    def check(self, url: str) -> None:
        """Raises AddressRefused for an address that may not be posted to; asks the name server."""
        self._before()
        self._addresses(parse(url), Deadline(min(CHECK_SECONDS, self._total_seconds)))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """One POST within the time budget, without redirects. Never raises."""
        self._before()
        started = time.monotonic()
        answer, error = None, None
        try:
            answer = self._post(url, body, headers)
        except AddressRefused as refusal:
            error = refusal.message
        except TimeoutError:
            error = f"No complete answer came within {self._total_seconds:g} seconds."
        except (OSError, BadAnswer) as problem:
            error = _in_words(problem)
        except Exception:
            # The port promises never to raise, and a bug of ours is not the merchant's to read.
            log.exception("sender.crashed")
            error = "The delivery could not be made."
        duration_ms = int((time.monotonic() - started) * 1000)
        if answer is None:
            return Receipt(None, "", duration_ms, error)
        return Receipt(answer.status, answer.body, duration_ms, None, answer.retry_after_seconds)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        deadline = Deadline(self._total_seconds)
        target = parse(url)
        addresses = self._addresses(target, deadline)
        with closing(_dial(addresses, target.port, deadline)) as plain:
            if target.scheme == "http":
                return exchange(plain, target, body, headers, deadline)
            plain.settimeout(deadline.left())
            # The handshake keeps its time limit as a whole, however slowly its bytes come.
            with self._tls.wrap_socket(plain, server_hostname=target.host) as secured:
                return exchange(secured, target, body, headers, deadline)

    def _addresses(self, target: Target, deadline: Deadline) -> list[Address]:
        """The addresses to dial, all of them judged; asks the resolver once, and not for ever."""
        found = [target.literal] if target.literal else self._resolve(target, deadline)
        return self._policy.judge(target, found)

    def _resolve(self, target: Target, deadline: Deadline) -> list[Address]:
        # The system's resolver takes no time limit, so it is waited for from outside. A call that is
        # given up ends by itself later; at most so many may be under way.
        answers: queue.SimpleQueue[list[Address]] = queue.SimpleQueue()
        if not self._lookups.acquire(timeout=deadline.left()):
            raise refused(_unresolved(target))

        def ask() -> None:
            try:
                answers.put([address_of(one) for one in self._resolver(target.host, target.port)])
            except (OSError, ValueError):
                answers.put([])
            finally:
                self._lookups.release()

        threading.Thread(target=ask, name="resolver", daemon=True).start()
        try:
            return answers.get(timeout=deadline.left())
        except (queue.Empty, TimeoutError):
            raise refused(_unresolved(target)) from None


def _unresolved(target: Target) -> str:
    return f"The name server did not tell the address of {target.host} in time. Try again."


def _dial(addresses: list[Address], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first address that takes one; each gets its share of the time left."""
    chosen = addresses[:MOST_DIALLED]
    for number, address in enumerate(chosen):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.settimeout(deadline.left() / (len(chosen) - number))
            made.connect((str(address), port))
        except OSError:
            made.close()
            if number == len(chosen) - 1:
                raise
        except BaseException:
            made.close()
            raise
        else:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
    raise AssertionError("an address is judged before it is dialled")


def _in_words(problem: OSError | BadAnswer) -> str:
    """What went wrong at the receiver, without the words of our machine."""
    if isinstance(problem, BadAnswer):
        return str(problem)
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"The receiver's certificate was not accepted: {problem.verify_message}."
    if isinstance(problem, ssl.SSLError):
        return "A secure connection (TLS) could not be agreed with the receiver."
    if isinstance(problem, ConnectionRefusedError):
        return "The receiver refused the connection."
    if isinstance(problem, ConnectionError):
        return CLOSED
    return "The receiver could not be reached."
