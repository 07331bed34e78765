"""Pages: blueprints, the error page, and what every template is given."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin, current_user
from markupsafe import escape
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy

from webapp.arrangements.views import blueprint as arrangements
from webapp.bulletins.views import blueprint as bulletins
from webapp.campaigns.views import blueprint as campaigns
from webapp.cases.views import blueprint as cases
from webapp.correspondence.views import blueprint as correspondence
from webapp.coverage.views import blueprint as coverage
from webapp.definitions.views import blueprint as definitions
from webapp.directory.views import blueprint as directory
from webapp.documents.views import blueprint as documents
from webapp.engine.errors import EngineError
from webapp.errors import BeianError
from webapp.faults.views import blueprint as faults
from webapp.handover.views import blueprint as handover
from webapp.inbox.navigation import navigation
from webapp.inbox.views import blueprint as inbox
from webapp.ledger.views import blueprint as ledger
from webapp.notifications.views import blueprint as notifications
from webapp.organization.policy import may
from webapp.organization.views import blueprint as organization
from webapp.registry.views import blueprint as registry
from webapp.regulations.views import blueprint as regulations
from webapp.substitution.banner import banner
from webapp.substitution.views import blueprint as substitution
from webapp.tasks.views import blueprint as tasks

SENTENCES = {
    400: _l("请求不完整，请返回重试。"),
    403: _l("这个请求没有通过安全检查，请刷新页面后重试。"),
    404: _l("没有这一页，或您无权查看。"),
    405: _l("这里不能这样操作。"),
    413: _l("提交的内容过大。"),
    429: _l("尝试过于频繁，请稍后再试。"),
    500: _l("系统出了差错，已记录；您填写的内容如已暂存不会丢失。"),
    503: _l("数据库暂时无法保存，这一步没有办成，也没有留下一半；请稍后再试。"),
}


def init_app(app: Flask) -> None:
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    app.register_error_handler(BeianError, _refused)
    app.register_error_handler(EngineError, _engine_failed)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unexpected)
    app.context_processor(_context)


def blueprints() -> list[Any]:
    first = [organization, inbox, arrangements, campaigns, cases, correspondence, tasks, documents, registry]
    later = [bulletins, definitions, regulations, coverage, ledger, faults, notifications, directory]
    return [*first, substitution, handover, *later]


def _context() -> dict[str, Any]:
    parts = ("nav", "nav_rest", "bell", "me_note", "institution_name", "home_url", "search_url")
    lazily = {name: LocalProxy(partial(_navigation, name)) for name in parts}
    lazily["standing"] = LocalProxy(_standing)
    return {"locale": str(get_locale() or "zh"), "may": may, "user": current_user, **lazily}


def _standing() -> Any:
    """The banner of who is stood in for, or stands in for somebody; principals are told where they work on tasks."""
    if "standing" not in g:
        known = current_user.is_authenticated and not g.get("refusing")
        wide = request.blueprint in ("inbox", "tasks", "substitution")
        g.standing = banner(current_user._get_current_object(), datetime.now(UTC), wide=wide) if known else None
    return g.standing


def _navigation(name: str) -> Any:
    """A variable of the shell, made when a template first asks; a refusal does without: the database may be away."""
    if "navigation" not in g:
        known = current_user.is_authenticated and not g.get("refusing")
        g.navigation = navigation(current_user._get_current_object()) if known else {}
    return g.navigation.get(name)


def _page(status: int, words: object) -> Response:
    """The page of a refusal; `words` may be lazy, as reading the person's language may fail too."""
    g.refusing = True
    if status >= 500:
        g._login_user = AnonymousUserMixin()  # who is signed in may be what could not be read
    sentence = str(words)
    if request.accept_mimetypes.best_match(["text/html", "application/problem+json"]) == "application/problem+json":
        answer = jsonify({"type": "about:blank", "status": status, "title": sentence})
        answer.mimetype = "application/problem+json"
        return make_response(answer, status)
    try:
        page = render_template("error.html", status=status, sentence=sentence)
    except Exception:
        # What broke the request may break its page too: who is signed in, or the language, could not be read.
        current_app.logger.exception("the error page failed")
        page = (
            f'<!doctype html><title>{status}</title><p data-error-sentence>{escape(sentence)}</p><a href="/">备案</a>'
        )
    return make_response(page, status)


def _refused(error: BeianError) -> Response:
    return _page(error.status, error.sentence)


def _engine_failed(error: EngineError) -> Response:
    return _page(409, error.sentence if str(get_locale()) == "zh" else error.sentence_en)


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:
        return error.get_response()  # type: ignore[return-value]
    return _page(code, SENTENCES.get(code, _l("这个请求没有成功。")))


# The database is full, busy, shutting down or gone; anything else it complains of is our mistake.
_PASSING = ("disk is full", "no space left", "is locked", "readonly database", "disk i/o error", "the connection")


def _database(error: OperationalError) -> Response:
    said = str(error.orig).lower()
    if not error.connection_invalidated and not any(words in said for words in _PASSING):
        return _unexpected(error)
    current_app.logger.error("the database cannot be used: %s", error.orig)
    return _page(503, SENTENCES[503])


def _unexpected(error: Exception) -> Response:
    current_app.logger.exception("unexpected error", exc_info=error)
    return _page(500, SENTENCES[500])
