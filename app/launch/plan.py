"""What `make run` starts, decided before anything starts: ports, data folder, secrets, processes.

The rule it keeps: without any configuration everything listens on this machine alone; each variable
of `VARIABLES` changes one thing; secrets are made once, kept in the data folder, and never printed.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app import host
from app.host import HostError

ROOT = Path(__file__).resolve().parent.parent.parent
# Variable → its default and its meaning; the operating guide lists them too.
VARIABLES = {
    "FARTHING_DATA_DIR": (".farthing", "Where `make run` keeps data, logs and secrets."),
    "HOST": ("127.0.0.1", "Address that the web and the sandbox listen on under `make run`."),
    "PORT": ("8000", "Port of the web under `make run`."),
    "SANDBOX_PORT": ("8001", "Port of the sandbox under `make run`."),
    "MAIL_PORT": ("1025", "Port of the sandbox's mail catcher."),
    "POSTGRES_PORT": ("8432", "Port of the embedded PostgreSQL."),
    "VALKEY_PORT": ("8379", "Port of the embedded Valkey."),
}
PORTS = {
    "PORT": "the web",
    "SANDBOX_PORT": "the sandbox",
    "MAIL_PORT": "the mail catcher",
    "POSTGRES_PORT": "PostgreSQL",
    "VALKEY_PORT": "Valkey",
}
PROVIDED_BY = {"POSTGRES_PORT": "DATABASE_URL", "VALKEY_PORT": "REDIS_URL"}
GENERATED = ("SECRET_KEY", "SEAL_KEY")


@dataclass(frozen=True, slots=True)
class Plan:
    """One demo on this machine."""

    data_dir: Path
    host: str
    ports: Mapping[str, int]
    given: Mapping[str, str]
    notice: str = ""

    @property
    def web_url(self) -> str:
        """Where a browser reaches the web."""
        return self.given.get("BASE_URL") or f"http://{self._browsed}:{self.ports['PORT']}"

    @property
    def sandbox_url(self) -> str:
        """Where a browser reaches the sandbox."""
        return f"http://{self._browsed}:{self.ports['SANDBOX_PORT']}"

    @property
    def _browsed(self) -> str:
        return host.LOOPBACK if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104

    def needs(self, port: str) -> bool:
        """Tell whether we listen on the port ourselves, or a server was given by its URL."""
        return not self.given.get(PROVIDED_BY.get(port, ""))

    def environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        """Return every variable for our processes; what the operator set goes before ours."""
        ours = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "BASE_URL": self.web_url,
            "STRIPE_API_URL": self.sandbox_url,
            "SANDBOX_BANK_URL": self.sandbox_url,
            "STRIPE_JS_URL": f"{self.sandbox_url}/v3/",
            "ADYEN_API_URL": f"{self.sandbox_url}/adyen",
            "ADYEN_JS_URL": f"{self.sandbox_url}/adyen/sdk/adyen.js",
            # The demo's receivers are on this machine: see the sandbox's /receiver.
            "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
            "FX_RATES_URL": "demo",
            "SMTP_URL": f"smtp+plain://{self._browsed}:{self.ports['MAIL_PORT']}",
            "FARTHING_DATA_DIR": str(self.data_dir),
            "PYTHONUNBUFFERED": "1",
            **_secrets(self.data_dir),
        }
        stated = {name: value for name, value in self.given.items() if value}
        return ours | stated | {"FARTHING_DATA_DIR": str(self.data_dir)}

    def commands(self) -> dict[str, list[str]]:
        """Return the processes by name, in the order of their start."""
        # Two processes for two cores; threads wait for the database and for processors.
        threads = str(2 * (os.cpu_count() or 1) + 1)
        granian = ["granian", "--interface", "wsgi", "wsgi:app", "--host", self.host]
        granian += ["--port", str(self.ports["PORT"]), "--workers", "2", "--no-ws"]
        granian += ["--blocking-threads", threads, "--backpressure", "64"]
        granian += ["--log-level", "warning", "--workers-kill-timeout", "5"]
        sandbox = ["app.sandbox", "--host", self.host, "--port", str(self.ports["SANDBOX_PORT"])]
        sandbox += ["--mail-port", str(self.ports["MAIL_PORT"])]
        sandbox += ["--data", str(self.data_dir / "sandbox")]
        modules = {
            "sandbox": sandbox,
            "web": granian,
            "worker": ["worker"],
            "outside": ["worker", "outside"],
            "scheduler": ["worker", "schedule"],
        }
        return {name: [sys.executable, "-m", *module] for name, module in modules.items()}


def read(environ: Mapping[str, str]) -> Plan:
    """Read the variables; raises HostError with one sentence about the first that is wrong."""
    ports = {name: _port(name, environ) for name in PORTS}
    taken: dict[int, str] = {}
    for name, port in ports.items():
        if port in taken:
            message = f"{taken[port]} and {name} are both {port}: give each a port of its own."
            raise HostError(message)
        taken[port] = name
    data_dir, notice = _data_dir(environ)
    address = environ.get("HOST") or VARIABLES["HOST"][0]
    return Plan(data_dir, address, ports, dict(environ), notice)


def remember(plan: Plan) -> None:
    """Write down the ports of the demo, for commands that are given later without them."""
    (plan.data_dir / "ports.json").write_text(json.dumps(plan.ports), encoding="utf-8")


def remembered(environ: Mapping[str, str]) -> Plan:
    """Read the variables for a command against the demo: its ports are those of its last start."""
    plan = read(environ)
    stored = plan.data_dir / "ports.json"
    if not stored.exists():
        return plan
    ports = {name: str(port) for name, port in json.loads(stored.read_text("utf-8")).items()}
    return read(ports | {name: value for name, value in environ.items() if value})


def check_ports(plan: Plan) -> None:
    """Raise HostError when somebody else listens where our processes will.

    The embedded servers say so themselves: theirs may be held by what a killed demo left behind.
    """
    for name in ("PORT", "SANDBOX_PORT", "MAIL_PORT"):
        if not host.port_is_free(plan.ports[name], plan.host):
            raise taken(plan, name)


def taken(plan: Plan, name: str) -> HostError:
    """Return the sentence about a port that somebody else listens on."""
    return HostError(
        f"Port {plan.ports[name]}, meant for {PORTS[name]}, is taken:"
        f" stop what listens there, or choose another with {name}=…"
    )


def _port(name: str, environ: Mapping[str, str]) -> int:
    text = environ.get(name) or VARIABLES[name][0]
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        message = f"{name} is {text!r}, which is not a port (1 to 65535)."
        raise HostError(message)
    return int(text)


def _data_dir(environ: Mapping[str, str]) -> tuple[Path, str]:
    """Choose the data folder, and say so when it is not where one expects it."""
    wanted = environ.get("FARTHING_DATA_DIR")
    path = (ROOT / (wanted or VARIABLES["FARTHING_DATA_DIR"][0])).resolve()
    if environ.get("DATABASE_URL") or host.can_hold_data(path / "postgresql" / "cluster"):
        return path, ""
    if wanted:
        message = (
            f"FARTHING_DATA_DIR is {path}, which the system user {host.SYSTEM_USER} cannot reach:"
            " choose a folder that is open to it, or run as an ordinary user."
        )
        raise HostError(message)
    label = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    elsewhere = host.SHARED_DIR / f"{ROOT.name}-{label}"
    notice = (
        f"The data is kept in {elsewhere}: the system user {host.SYSTEM_USER},"
        f" who runs PostgreSQL for root, cannot enter {ROOT}."
    )
    return elsewhere, notice


def _secrets(data_dir: Path) -> dict[str, str]:
    """Return the keys of this installation, made on the first start."""
    path = data_dir / "secrets.env"
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SEAL_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        }
        host.write_private(path, "".join(f"{name}={made[name]}\n" for name in GENERATED))
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
