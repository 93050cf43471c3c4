"""The application factory: extensions, wiring, blueprints, error handlers and commands, in that
order.
"""

from pathlib import Path

from flask import Flask
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, web
from app.domain.clock import Clock
from app.domain.ports import Queue
from app.services.request_log import RequestLog
from app.settings import Settings
from app.store import db as store
from app.wiring import build_deps

ROOT = Path(__file__).resolve().parent.parent
LARGEST_REQUEST = 2 * 1024 * 1024


def create(
    settings: Settings | None = None, *, clock: Clock | None = None, queue: Queue | None = None
) -> Flask:
    """Build one application; tests hand in settings, a clock or a queue of their own."""
    settings = settings or Settings.read()
    app = Flask("app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_PARTS=500,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    store.init_app(app, settings.database_url, settings.database_pool)
    app.extensions["farthing"] = build_deps(settings, clock=clock, queue=queue)
    app.extensions["farthing_request_log"] = RequestLog()
    Htmx(app)
    web.init_app(app, is_https=settings.is_https)
    cli.init_app(app, settings)

    @app.get("/healthz")
    def healthz() -> tuple[dict[str, str], int]:
        """Whether this process can reach the database."""
        with store.path() as connection:
            connection.execute("SELECT 1")
        return {"status": "ok"}, 200

    return app
