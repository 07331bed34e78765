"""Wiring: settings, extensions, hooks between packages, blueprints, and the checks made at start-up."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from flask import Flask, request, session
from flask_login import current_user

import services
import webapp
from webapp import front_end, pages, security, workers
from webapp.config import Settings
from webapp.extensions import (
    babel,
    before_commit,
    csrf,
    db,
    limiter,
    login_manager,
    migrate,
    prepare_engine,
)
from webapp.ledger import append_collected
from webapp.organization.models import User
from webapp.organization.policy import check_routes, identified, may_log_in
from webapp.registry.fold import register_fold

LOCALES = ("zh", "en")


def make_app(settings: Settings | None = None) -> Flask:
    """See `webapp.create_app`."""
    settings = settings or Settings()
    settings.check()
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    app = Flask("webapp")
    app.config.update(settings.flask())
    app.extensions["settings"] = settings
    _extensions(app)
    _hooks()
    _load_registrations()
    register_fold()
    security.init_app(app)
    front_end.init_app(app)
    pages.init_app(app)
    check_routes(app)
    return app


def _extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory="webapp/migrations", render_as_batch=True)
    login_manager.init_app(app)
    login_manager.login_view = "organization.login"
    login_manager.session_protection = "basic"
    login_manager.login_message = ""
    login_manager.user_loader(_load_user)
    babel.init_app(app, locale_selector=choose_locale)
    csrf.init_app(app)
    limiter.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            prepare_engine(engine)


def _hooks() -> None:
    """Lower packages never import upper ones; what must call upward is registered here, once."""
    if append_collected not in before_commit:
        before_commit.append(workers.nudge)
        before_commit.append(append_collected)


def _load_registrations() -> None:
    """Import what registers itself: operations of `services`; tables and policy of every package."""
    for found in pkgutil.iter_modules(services.__path__):
        importlib.import_module(f"services.{found.name}")
    for package in pkgutil.iter_modules(webapp.__path__):
        for module in ("models", "rules") if package.ispkg else ():
            if importlib.util.find_spec(f"webapp.{package.name}.{module}"):
                importlib.import_module(f"webapp.{package.name}.{module}")


def _load_user(key: str) -> User | None:
    number, _, epoch = str(key).partition(".")
    known = number.isascii() and number.isdigit() and len(number) < 19
    user = identified(int(number)) if known else None
    if user is None or not user.active or str(user.session_epoch) != epoch:
        return None
    return user if may_log_in(user) else None


def choose_locale() -> str:
    """The language switched to in this session, else the person's own, else Chinese."""
    chosen = session.get("locale") if request else None
    if chosen in LOCALES:
        return str(chosen)
    if current_user and current_user.is_authenticated and current_user.locale in LOCALES:
        return str(current_user.locale)
    return "zh"
