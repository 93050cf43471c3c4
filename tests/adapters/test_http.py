"""Posting to a stranger's address: what is dialled, how long it may take, what is told of it."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network

import pytest
import trustme

from app.adapters.http import SafeSender
from app.adapters.http_addresses import Policy, parse
from app.adapters.http_exchange import KEPT_CHARACTERS
from app.domain.errors import AddressRefused

PUBLIC = Policy(frozenset({443, 8443}))
LOCAL = Policy(frozenset({443}), (ip_network("127.0.0.0/8"), ip_network("::1/128")))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NOT_HTTP = "What the receiver answered is no complete answer of HTTP/1.1."
TOO_LONG = "The answer's head is longer than 65536 bytes."
PUBLIC_IP = "93.184.215.14"

INSIDE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",  # noqa: S104 - Refused, not bound.
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.9", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::", "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002::1", "2002:7f00:1::1", "2002:a00:1::", "3fff::1",
    "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "ff0e::1",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1", "8.8.8.8", PUBLIC_IP, "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
    "::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e",
]  # fmt: skip


def resolving(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda host, port: list(addresses)


def refusal(url: str, *addresses: str, policy: Policy = PUBLIC) -> str:
    """The words with which an address is refused."""
    sender = SafeSender(policy, resolver=resolving(*addresses))
    with pytest.raises(AddressRefused) as caught:
        sender.check(url)
    assert caught.value.param == "url"
    assert sender.post(url, b"{}", {}).error == caught.value.message
    return caught.value.message


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_the_inside_is_refused_by_name_and_by_number(address: str) -> None:
    by_name = refusal("https://shop.example/hooks", address)
    assert by_name.startswith("No public address was found for shop.example")
    literal = f"[{address}]" if ":" in address else address
    refusal(f"https://{literal}/hooks")


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_outside_is_taken(address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    sender = SafeSender(PUBLIC, resolver=resolving(address))
    sender.check("https://shop.example/hooks")
    sender.check(f"https://{literal}:8443/hooks")


def test_one_inside_address_among_public_ones_refuses_all() -> None:
    for order in ((PUBLIC_IP, "10.0.0.7"), ("10.0.0.7", PUBLIC_IP), (PUBLIC_IP, "::1")):
        refusal("https://shop.example/", *order)


def test_a_name_of_the_inside_is_told_like_one_that_does_not_exist() -> None:
    assert refusal("https://db.example/", "10.0.0.7") == refusal("https://db.example/")


@pytest.mark.parametrize(
    "url",
    [
        "", "shop.example", "//shop.example/", "ftp://shop.example/", "file:///etc/passwd",
        "gopher://shop.example/", "javascript:alert(1)", "https:shop.example", "https:///hooks",
        "https://", "https://:443/", "https://shop.example:/", "https://shop.example:0/",
        "https://shop.example:0443/", "https://shop.example:65536/", "https://shop.example:8o/",
        "https://shop.example:443:443/", "https://shop.example:+443/",
        "https://user@shop.example/", "https://user:pw@shop.example/", "https://@shop.example/",
        "https://shop.example@10.0.0.1/", "https://shop.example\\@10.0.0.1/",
        "https://shop.example\\.evil.example/", "https:\\\\shop.example/", "https:/\\shop.example/",
        "https://shop.example/\r\nHost: inside", "https://shop.example/\n", "\thttps://shop.example/",
        " https://shop.example/", "https://shop.example /", "https://shop.example/a b",
        "https://shop.example/\x00", "https://shop.example/\x7f", "https://shop.example/#hooks",
        "https://10.0.0.1#@shop.example/", "https://shop.example,evil.example/",
        "https://shop.example;evil/", "https://shop%2eexample/", "https://%31%30.0.0.1/",
        "https://shöp.example/", "https://shop.example/ä", "https://shop\u3002example/",
        "https://\uff11\uff10.0.0.1/", "https://①27.0.0.1/", "https://shop.example./",
        "https://.shop.example/", "https://shop..example/", "https://-shop.example/",
        "https://shop-.example/", f"https://{'a' * 64}.example/", f"https://{'a.' * 127}example/",
        f"https://shop.example/{'a' * 2048}",
        "https://2130706433/", "https://017700000001/", "https://0x7f000001/", "https://0x7f.1/",
        "https://127.1/", "https://127.0.1/", "https://0177.0.0.1/", "https://127.0.0.01/",
        "https://0x7f.0.0.1/", "https://127.0.0.0x1/", "https://256.1.1.1/", "https://1.2.3.4.5/",
        "https://shop.0x/", "https://shop.123/", "https://[::1/", "https://::1/", "https://[::1]]/",
        "https://[]/", "https://[127.0.0.1]/", "https://[::1]a/", "https://[::ffff:0x7f000001]/",
        "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[v1.a]/",
    ],
)  # fmt: skip
def test_a_url_in_any_but_its_plain_spelling_is_refused(url: str) -> None:
    words = refusal(url, PUBLIC_IP)
    assert words[0].isupper()
    assert words[-1] in ".}"


def test_the_parts_of_a_url_are_those_that_are_dialled() -> None:
    target = parse("HTTPS://Shop.EXAMPLE:8443/hooks/a%20b?x=1&y=@:/")
    assert (target.scheme, target.host, target.port) == ("https", "shop.example", 8443)
    assert (target.path, target.host_header) == ("/hooks/a%20b?x=1&y=@:/", "shop.example:8443")
    assert parse("https://shop.example?x").path == "/?x"
    assert parse("https://[2606:4700::0:1]").host_header == "[2606:4700::1]"


def test_public_receivers_are_reached_over_https_on_the_ports_that_are_set() -> None:
    assert "https://" in refusal("http://shop.example/", PUBLIC_IP)
    assert "443, 8443" in refusal("https://shop.example:22/", PUBLIC_IP)
    assert "https://" in refusal("http://shop.example:443/", PUBLIC_IP)


def test_an_opened_network_is_open_to_http_and_every_port_and_no_other_is() -> None:
    policy = Policy(frozenset({443}), (ip_network("10.1.0.0/16"),))
    SafeSender(policy, resolver=resolving("10.1.2.3")).check("http://ci.example:9000/")
    SafeSender(policy, resolver=resolving("::ffff:10.1.2.3")).check("http://ci.example:9000/")
    refusal("http://ci.example:9000/", "10.2.0.1", policy=policy)
    refusal("http://ci.example:9000/", "10.1.2.3", PUBLIC_IP, policy=policy)
    refusal("https://[::1]/", policy=policy)


# --- real sockets


class Receiver:
    """A server of one behaviour on a loopback address; `heard` is what was sent to it."""

    def __init__(self, behave: Callable[[socket.socket], None], host: str = "127.0.0.1") -> None:
        self.behave = behave
        self.heard: list[bytes] = []
        self.connections = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.listener.settimeout(0.05)
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            try:
                line, _ = self.listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            line.settimeout(5)
            with line:
                try:
                    self.behave(line)
                except OSError:
                    continue

    def close(self) -> None:
        self.stopped.set()
        self.thread.join(timeout=10)
        self.listener.close()

    def _some(self, line: socket.socket) -> bytes:
        if not (data := line.recv(65536)):
            raise ConnectionError("the sender hung up")
        return data

    def hear(self, line: socket.socket) -> bytes:
        """Read one whole request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._some(line)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        while len(body) < length:
            body += self._some(line)
        self.heard.append(head + b"\r\n\r\n" + body)
        return self.heard[-1]


@contextmanager
def receiving(
    behave: Callable[[Receiver, socket.socket], None], host: str = "127.0.0.1"
) -> Iterator[Receiver]:
    made = Receiver(lambda line: behave(made, line), host)
    try:
        yield made
    finally:
        made.close()


def answering(answer: bytes) -> Callable[[Receiver, socket.socket], None]:
    """Hear the request, say this, and close."""

    def behave(receiver: Receiver, line: socket.socket) -> None:
        receiver.hear(line)
        line.sendall(answer)

    return behave


def local(seconds: float = 5, tls: ssl.SSLContext | None = None) -> SafeSender:
    return SafeSender(LOCAL, resolver=resolving("127.0.0.1"), total_seconds=seconds, tls=tls)


def test_the_receiver_gets_the_exact_bytes_under_the_name_it_was_called_by() -> None:
    body = '{"amount": "12,50 €"}'.encode()
    with receiving(answering(OK)) as receiver:
        receipt = local().post(
            f"http://shop.example:{receiver.port}/hooks?x=1",
            body,
            {"Content-Type": "application/json", "webhook-id": "evt_1", "host": "inside"},
        )
    assert (receipt.status, receipt.body, receipt.error) == (200, "ok", None)
    assert receipt.is_accepted
    head, _, heard = receiver.heard[0].partition(b"\r\n\r\n")
    assert heard == body
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /hooks?x=1 http/1.1"
    assert [x for x in lines if x.startswith("host:")] == [f"host: shop.example:{receiver.port}"]
    assert {"webhook-id: evt_1", "connection: close", f"content-length: {len(body)}"} <= set(lines)


def test_a_large_body_arrives_whole_at_a_receiver_that_answers_late() -> None:
    body = b"x" * 3_000_000
    with receiving(answering(OK)) as receiver:
        assert local().post(f"http://shop.example:{receiver.port}/", body, {}).status == 200
    assert receiver.heard[0].endswith(body)
    assert len(receiver.heard[0].partition(b"\r\n\r\n")[2]) == len(body)


def test_a_name_that_changes_between_check_and_call_is_judged_by_what_is_dialled() -> None:
    answers = iter([[PUBLIC_IP], ["127.0.0.1"]])
    with receiving(answering(OK)) as receiver:
        sender = SafeSender(
            Policy(frozenset({receiver.port})), resolver=lambda host, port: next(answers)
        )
        url = f"https://shop.example:{receiver.port}/"
        sender.check(url)
        receipt = sender.post(url, b"{}", {})
    assert receipt.status is None
    assert "No public address" in str(receipt.error)
    assert receiver.connections == 0


def test_the_name_is_resolved_once_for_a_post() -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with receiving(answering(OK)) as receiver:
        receipt = SafeSender(LOCAL, resolver=resolver).post(
            f"http://shop.example:{receiver.port}/", b"", {}
        )
    assert (receipt.status, asked) == (200, ["shop.example"])


def test_a_mapped_address_is_dialled_as_what_was_judged() -> None:
    with receiving(answering(OK)) as receiver:
        sender = SafeSender(LOCAL, resolver=resolving("::ffff:127.0.0.1"))
        assert sender.post(f"http://shop.example:{receiver.port}/", b"", {}).status == 200


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with receiving(answering(OK)) as receiver:
        sender = SafeSender(LOCAL, resolver=resolving("::1", "127.0.0.1"))
        assert sender.post(f"http://shop.example:{receiver.port}/", b"", {}).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with receiving(answering(OK)) as inside:
        moved = (
            f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{inside.port}/\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        with receiving(answering(moved.encode())) as receiver:
            receipt = local().post(f"http://shop.example:{receiver.port}/", b"", {})
    assert (receipt.status, receipt.is_accepted, inside.connections) == (status, False, 0)


def drip(data: bytes, again: bytes) -> Callable[[Receiver, socket.socket], None]:
    """Say the first part, then the other for ever, a little at a time."""

    def behave(receiver: Receiver, line: socket.socket) -> None:
        receiver.hear(line)
        line.sendall(data)
        while not receiver.stopped.wait(0.05):
            line.sendall(again)

    return behave


def silent(receiver: Receiver, line: socket.socket) -> None:
    """Take the connection and say nothing."""
    receiver.stopped.wait(5)


def deaf(receiver: Receiver, line: socket.socket) -> None:
    """Take the connection and read a byte now and then."""
    while not receiver.stopped.wait(0.05):
        line.recv(1)


@pytest.mark.parametrize(
    "behave",
    [
        silent,
        deaf,
        drip(b"", b"\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
        drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["silent", "deaf", "blank", "headers", "header", "informational"],
)
def test_a_receiver_that_is_slow_for_ever_ends_with_the_budget(
    behave: Callable[[Receiver, socket.socket], None],
) -> None:
    with receiving(behave) as receiver:
        started = time.monotonic()
        receipt = local(0.6).post(f"http://shop.example:{receiver.port}/", b"x" * 20_000_000, {})
        took = time.monotonic() - started
    assert receipt.status is None
    assert receipt.error is not None
    assert took < 3


def test_a_body_without_end_keeps_the_answer_and_frees_the_worker() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with receiving(drip(head, b"2\r\nok\r\n")) as receiver:
        receipt = local(0.6).post(f"http://shop.example:{receiver.port}/", b"", {})
    assert (receipt.status, receipt.error) == (200, None)
    assert receipt.body.startswith("okok")
    assert receipt.duration_ms < 3000


@pytest.mark.parametrize(
    "answer,told",
    [
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"b" * 200_000 + b"\r\n\r\n", TOO_LONG),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000, TOO_LONG),
        (b"SSH-2.0-OpenSSH_9.6\r\n", NOT_HTTP),
        (b"", "The receiver closed the connection without an answer."),
        (b"HTTP/1.1 200 OK\r\nX-A: b", NOT_HTTP),
    ],
    ids=["header", "informational", "other protocol", "nothing", "half a head"],
)
def test_what_is_no_answer_is_told_in_words_for_the_receiver(answer: bytes, told: str) -> None:
    with receiving(answering(answer)) as receiver:
        receipt = local().post(f"http://shop.example:{receiver.port}/", b"", {})
    assert (receipt.status, receipt.error) == (None, told)


def test_of_a_large_answer_the_beginning_is_read_and_kept() -> None:
    sent: list[int] = []

    def behave(receiver: Receiver, line: socket.socket) -> None:
        receiver.hear(line)
        line.sendall(b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n")
        while not receiver.stopped.is_set():
            sent.append(line.send(b"y" * 65536))

    with receiving(behave) as receiver:
        receipt = local().post(f"http://shop.example:{receiver.port}/", b"", {})
    assert (receipt.status, receipt.body) == (500, "y" * KEPT_CHARACTERS)
    assert receipt.duration_ms < 2000


def test_a_body_is_kept_as_text_that_any_page_can_hold() -> None:
    answer = "a\x00b\x1b[31m\r\nü\x9b€\t<script>".encode() + b"\xff\xfe"
    head = f"HTTP/1.1 400 Bad\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
    with receiving(answering(head + answer)) as receiver:
        receipt = local().post(f"http://shop.example:{receiver.port}/", b"", {})
    assert receipt.body == "ab[31m\nü€\t<script>\ufffd\ufffd"


@pytest.mark.parametrize(
    "headers,seconds",
    [
        ("Retry-After: 120", 120),
        ("Retry-After: 0", 0),
        ("Retry-After: 99999999999", None),
        ("Retry-After: -1", None),
        ("Retry-After: soon", None),
        ("Retry-After: 999999999", 30 * 86_400),
        (
            "Retry-After: Mon, 23 Nov 2026 10:01:30 GMT\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT",
            90,
        ),
        ("Retry-After: Mon, 23 Nov 2026 09:00:00 GMT\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT", 0),
        ("Retry-After: Mon, 23 Nov 2026 10:01:30 GMT", None),
        ("X-Other: 1", None),
    ],
)
def test_when_to_come_again_is_read_in_both_its_forms(headers: str, seconds: int | None) -> None:
    answer = f"HTTP/1.1 503 Busy\r\n{headers}\r\nContent-Length: 0\r\n\r\n".encode()
    with receiving(answering(answer)) as receiver:
        receipt = local().post(f"http://shop.example:{receiver.port}/", b"", {})
    assert (receipt.status, receipt.retry_after_seconds) == (503, seconds)


# --- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def securing(
    authority: trustme.CA, *names: str, seen: list[str | None] | None = None
) -> Callable[[Receiver, socket.socket], None]:
    """Answer over TLS with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    if seen is not None:
        context.sni_callback = lambda _line, name, _context: seen.append(name)

    def behave(receiver: Receiver, line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secured:
            receiver.hear(secured)
            secured.sendall(OK)

    return behave


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_is_spoken_with_the_name_although_the_number_is_dialled(authority: trustme.CA) -> None:
    seen: list[str | None] = []
    with receiving(securing(authority, "shop.example", seen=seen)) as receiver:
        receipt = local(tls=trusting(authority)).post(
            f"https://shop.example:{receiver.port}/", b"{}", {}
        )
    assert (receipt.status, receipt.body, receipt.error) == (200, "ok", None)
    assert seen == ["shop.example"]
    assert f"shop.example:{receiver.port}".encode() in receiver.heard[0]


@pytest.mark.parametrize("name,trusted", [("other.example", True), ("shop.example", False)])
def test_a_wrong_certificate_is_refused_before_anything_is_sent(
    authority: trustme.CA, name: str, trusted: bool
) -> None:
    tls = trusting(authority) if trusted else None
    with receiving(securing(authority, name)) as receiver:
        receipt = local(tls=tls).post(f"https://shop.example:{receiver.port}/", b"secret", {})
    assert receipt.status is None
    assert str(receipt.error).startswith("The receiver's certificate was not accepted: ")
    assert receiver.heard == []


def test_a_receiver_without_tls_is_told_so() -> None:
    with receiving(lambda _, line: line.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")) as receiver:
        receipt = local().post(f"https://shop.example:{receiver.port}/", b"", {})
    assert "TLS" in str(receipt.error)


@pytest.mark.parametrize("again", [b"", b"\x16"])
def test_a_handshake_that_stalls_ends_with_the_budget(again: bytes) -> None:
    def behave(receiver: Receiver, line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(b"\x16\x03\x03\x40\x00")
        while not receiver.stopped.wait(0.05):
            line.sendall(again)

    with receiving(behave) as receiver:
        receipt = local(0.6).post(f"https://shop.example:{receiver.port}/", b"", {})
    assert (receipt.status, receipt.error) == (None, "No complete answer came within 0.6 seconds.")
    assert receipt.duration_ms < 3000


def test_a_slow_drip_over_tls_ends_with_the_budget(authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("shop.example").configure_cert(context)

    def behave(receiver: Receiver, line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as secured:
            while not receiver.stopped.wait(0.05):
                secured.send(b"H" if not receiver.heard else b"a")

    with receiving(behave) as receiver:
        receipt = local(0.6, tls=trusting(authority)).post(
            f"https://shop.example:{receiver.port}/", b"x" * 5_000_000, {}
        )
    assert receipt.status is None
    assert receipt.duration_ms < 3000


# --- the name server


def test_a_name_server_that_hangs_ends_with_the_budget() -> None:
    done = threading.Event()

    def resolver(host: str, port: int) -> list[str]:
        done.wait(5)
        return [PUBLIC_IP]

    sender = SafeSender(PUBLIC, resolver=resolver, total_seconds=0.4)
    started = time.monotonic()
    receipt = sender.post("https://shop.example/", b"", {})
    with pytest.raises(AddressRefused, match="in time"):
        sender.check("https://shop.example/")
    assert time.monotonic() - started < 3
    assert "in time" in str(receipt.error)
    done.set()


def test_a_name_that_cannot_be_resolved_is_refused() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    sender = SafeSender(PUBLIC, resolver=resolver)
    with pytest.raises(AddressRefused, match="check the spelling"):
        sender.check("https://shop.example/")


def test_an_ip_address_is_not_asked_of_the_name_server() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    SafeSender(PUBLIC, resolver=resolver).check(f"https://{PUBLIC_IP}/")
    SafeSender(PUBLIC).check("https://[2606:4700::1111]/")


def test_the_machine_s_own_resolver_gives_addresses_of_localhost() -> None:
    from app.adapters.http import resolve  # noqa: PLC0415 - only here.

    assert all(ip_address(one).is_loopback for one in resolve("localhost", 443))
    with pytest.raises(AddressRefused, match="No public address"):
        SafeSender(PUBLIC).check("https://localhost/")


# --- what a merchant is told


def test_a_refused_connection_is_told_without_our_inside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    receipt = local().post(f"http://shop.example:{port}/", b"", {})
    assert receipt.error == "The receiver refused the connection."


def test_a_bug_of_ours_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with receiving(answering(OK)) as receiver:
        receipt = local().post(
            f"http://shop.example:{receiver.port}/", b"", {"X-Broken": "a\r\nInjected: b"}
        )
    assert (receipt.status, receipt.error) == (None, "The delivery could not be made.")
    assert [record.getMessage() for record in caplog.records] == ["sender.crashed"]
    assert receiver.heard == []


def test_nothing_is_called_while_a_unit_of_work_is_open() -> None:
    def before() -> None:
        raise AssertionError("a unit is open")

    sender = SafeSender(PUBLIC, before=before)
    for call in (sender.check, lambda url: sender.post(url, b"", {})):
        with pytest.raises(AssertionError, match="a unit is open"):
            call("https://shop.example/")
