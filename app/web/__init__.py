"""Entry points over HTTP. Views parse, call one use-case or one report, and render."""

from flask import Flask

from app.web import (
    auth,
    authentication,
    checkout,
    dashboard,
    errors,
    proof_keys,
    render,
    security,
)
from app.web.api.blueprint import api
from app.web.hooks import hooks
from app.web.reference import reference


def init_app(app: Flask, *, is_https: bool) -> None:
    """Everything that answers HTTP, in the order in which requests pass it."""
    security.init_app(app)
    errors.init_app(app)
    auth.init_app(app, is_https=is_https)
    render.init_app(app)
    for blueprint in (api, reference, hooks, checkout.blueprint, authentication.blueprint):
        app.register_blueprint(blueprint)
    app.register_blueprint(proof_keys.blueprint)
    dashboard.init_app(app)
