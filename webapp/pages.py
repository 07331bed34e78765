"""Pages: blueprints, the error page, and what every template is given."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from webapp.engine.errors import EngineError
from webapp.errors import BeianError
from webapp.organization.policy import may
from webapp.organization.views import blueprint as organization

SENTENCES = {
    400: "请求不完整，请返回重试。",
    403: "这个请求没有通过安全检查，请刷新页面后重试。",
    404: "没有这一页，或您无权查看。",
    405: "这里不能这样操作。",
    413: "提交的内容过大。",
    429: "尝试过于频繁，请稍后再试。",
    500: "系统出了差错，已记录；您填写的内容如已暂存不会丢失。",
}


def init_app(app: Flask) -> None:
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    app.register_error_handler(BeianError, _refused)
    app.register_error_handler(EngineError, _engine_failed)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
    app.context_processor(_context)


def blueprints() -> list[Any]:
    return [organization]


def _context() -> dict[str, Any]:
    return {"locale": str(get_locale() or "zh"), "may": may, "user": current_user}


def _page(status: int, sentence: str) -> Response:
    if request.accept_mimetypes.best_match(["text/html", "application/problem+json"]) == "application/problem+json":
        answer = jsonify({"type": "about:blank", "status": status, "title": sentence})
        answer.mimetype = "application/problem+json"
        return make_response(answer, status)
    return make_response(render_template("error.html", status=status, sentence=sentence), status)


def _refused(error: BeianError) -> Response:
    return _page(error.status, error.sentence)


def _engine_failed(error: EngineError) -> Response:
    return _page(409, error.sentence if str(get_locale()) == "zh" else error.sentence_en)


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:
        return error.get_response()  # type: ignore[return-value]
    return _page(code, _(SENTENCES.get(code, "这个请求没有成功。")))


def _unexpected(error: Exception) -> Response:
    from flask import current_app

    current_app.logger.exception("unexpected error", exc_info=error)
    return _page(500, _(SENTENCES[500]))
