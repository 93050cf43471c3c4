"""Entry points over HTTP. Views parse, call one use-case or one report, and render."""

from flask import Flask

from app.web import auth, checkout, dashboard, errors, render, security
from app.web.api.checkout_sessions import checkout_sessions
from app.web.api.payments import payments
from app.web.hooks import hooks


def init_app(app: Flask, *, is_https: bool) -> None:
    """Everything that answers HTTP, in the order in which requests pass it."""
    security.init_app(app)
    errors.init_app(app)
    auth.init_app(app, is_https=is_https)
    render.init_app(app)
    for blueprint in (payments, checkout_sessions, hooks, checkout.blueprint):
        app.register_blueprint(blueprint)
    dashboard.init_app(app)
