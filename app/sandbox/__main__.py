"""`python -m app.sandbox --port 8001 --data DIR`: the simulated world as a process of its own."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Thread

from app.sandbox.app import create_sandbox
from app.sandbox.server import SandboxServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m app.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 picks a free port")
    parser.add_argument("--data", type=Path, required=True, help="directory that keeps the state")
    options = parser.parse_args(arguments)
    app = create_sandbox(options.data)
    try:
        server = SandboxServer((options.host, options.port), app.wsgi_app)
    except OSError as error:
        sys.stderr.write(
            f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}\n"
        )
        app.extensions["sandbox"].stop()
        return 1

    def stop(*_: object) -> None:
        # `shutdown` waits for the serving loop, which this handler interrupts.
        Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # Whoever started the process reads where it listens from this line.
    print(f"sandbox: http://{options.host}:{server.port}", flush=True)  # noqa: T201
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    app.extensions["sandbox"].stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
