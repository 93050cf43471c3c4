"""`python -m app.sandbox --port 8001 --data DIR`: the simulated world as a process of its own."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Thread

from app.sandbox.app import create_sandbox
from app.sandbox.mail import MailServer
from app.sandbox.server import SandboxServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m app.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 picks a free port")
    parser.add_argument("--mail-port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--data", type=Path, required=True, help="directory that keeps the state")
    options = parser.parse_args(arguments)
    app = create_sandbox(options.data)
    running = app.extensions["sandbox"]
    port = options.mail_port
    try:
        mail = MailServer(running.world, options.host, port)
        port = options.port
        server = SandboxServer((options.host, port), app.wsgi_app)
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on {options.host}:{port}: {error.strerror}\n")
        running.stop()
        return 1
    running.mail_url = mail.url
    mail.start()

    def stop(*_: object) -> None:
        # `shutdown` waits for the serving loop, which this handler interrupts.
        Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Whoever started the process reads where it listens from this line.
    print(f"sandbox: http://{options.host}:{server.port}", flush=True)  # noqa: T201
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    mail.stop()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
