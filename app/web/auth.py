"""Signing in and out.

The cookie carries only our own session token; what it stands for is a row that can be revoked at any moment.
A wrong password and an unknown e-mail address get the same words.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Request, flash, redirect, request, session, url_for
from flask import Response as WrappedResponse
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, UserMixin, login_user, logout_user
from flask_wtf import CSRFProtect, FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.domain.errors import NotAllowed, NotSignedIn, TooManyAttempts
from app.domain.permissions import allows
from app.services import identity
from app.services.identity import Person, SignIn
from app.web.context import client_address, current_person, deps, person_or_none
from app.web.render import page
from app.web.security import is_machine_path

P = ParamSpec("P")
R = TypeVar("R")

blueprint = Blueprint("auth", __name__)


class SignedInUser(UserMixin):
    """A person as Flask-Login wants one; its id is the session's token, so that sessions can be revoked."""

    def __init__(self, person: Person, token: str) -> None:
        self.person = person
        self._token = token

    def get_id(self) -> str:
        """What the signed cookie carries."""
        return self._token


class LoginForm(FlaskForm):
    """Who is it?"""

    email = StringField("E-mail", [InputRequired("Enter your e-mail address"), Length(max=254)])
    password = PasswordField("Password", [InputRequired("Enter your password"), Length(max=200)])


class ConfirmForm(FlaskForm):
    """A button that changes something: nothing but the CSRF token."""


class BrowserSessions(SecureCookieSessionInterface):
    """The signed cookie, for browsers only: an API's caller has none, and none is looked for."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The browser's session; an empty one on an API's paths."""
        if is_machine_path(request.path):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: WrappedResponse) -> None:
        """Send the cookie if it changed."""
        if not is_machine_path(request.path):
            super().save_session(app, session, response)


def init_app(app: Flask, *, is_https: bool) -> None:
    """Cookies, sign-in and CSRF tokens for everything a browser sends."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-farthing" if is_https else "farthing",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
    )
    app.session_interface = BrowserSessions()
    manager = LoginManager()
    manager.session_protection = None  # Our own row decides, not a hash of the browser's name.
    manager.user_loader(_load)
    manager.init_app(app)
    csrf = CSRFProtect(app)

    @app.before_request
    def _check_token() -> None:
        if not is_machine_path(request.path):
            csrf.protect()

    app.register_blueprint(blueprint)


def _load(token: str) -> SignedInUser | None:
    person = identity.resume(deps(), token)
    return SignedInUser(person, token) if person else None


def merchant_required(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only for people who are signed in and have the permission at the merchant they look at."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            require(permission)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def require(permission: str) -> None:
    """Raise NotSignedIn or NotAllowed unless the person has the permission."""
    person = current_person()
    if not allows(person.role, permission):
        raise NotAllowed(
            f"Your role ({person.role}) does not allow this. Ask an owner of the account."
        )


@blueprint.get("/")
def root() -> Response:
    """Whoever types only our name wants the dashboard."""
    return redirect(url_for("dashboard.home.index"))


@blueprint.get("/login")
def login() -> Response:
    """The log-in page."""
    if person_or_none() is not None:
        return redirect(_next_path())
    return page("auth/login.html", "form", form=LoginForm(), next=request.args.get("next", ""))


@blueprint.post("/login")
def sign_in() -> Response:
    """Sign in, on a session of its own: whatever the browser carried before is dropped."""
    form = LoginForm()
    problem, status = "", 422
    if form.validate_on_submit():
        command = SignIn(
            email=str(form.email.data),
            password=str(form.password.data),
            ip=client_address(),
            user_agent=request.headers.get("User-Agent", "")[:300],
        )
        try:
            signed_in = identity.sign_in(deps(), command)
        except (NotSignedIn, TooManyAttempts) as error:
            problem, status = error.message, error.status
        else:
            session.clear()
            person = identity.resume(deps(), signed_in.token)
            if person is not None:
                login_user(SignedInUser(person, signed_in.token))
            return redirect(_next_path(), 303)
    return page(
        "auth/login.html",
        "form",
        form=form,
        problem=problem,
        next=request.args.get("next", ""),
        status=status,
    )


@blueprint.post("/logout")
def logout() -> Response:
    """Revoke this session here, and have the browser forget what it kept."""
    token = session.get("_user_id")
    if token:
        identity.sign_out(deps(), str(token))
    logout_user()
    session.clear()
    flash("You are signed out.")
    response = redirect(url_for("auth.login"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.post("/switch/<merchant_id>")
def switch(merchant_id: str) -> Response:
    """Look at another account of one's own; raises NotFound for somebody else's."""
    current_person()
    identity.switch_merchant(deps(), str(session["_user_id"]), merchant_id)
    return redirect(url_for("dashboard.home.index"), 303)


def _next_path() -> str:
    """Where the person wanted to go: a path of our own, never another site."""
    wanted = request.args.get("next", "")
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/dashboard") and not (
        parts.scheme or parts.netloc or "\\" in wanted
    )
    return wanted if is_ours else url_for("dashboard.home.index")
