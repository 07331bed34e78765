"""What every request must pass and every answer carries: same origin, no inline script, no framing."""

from __future__ import annotations

import re
import secrets
import unicodedata
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request
from werkzeug.routing import IntegerConverter, ValidationError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


MOST_PLAIN_BYTES = 512 * 1024
# The largest number an integer column of PostgreSQL holds.
MOST_ROWS = 2**31 - 1


class RowNumber(IntegerConverter):
    """The number of a row in an address: one spelling only, and never one that a column cannot hold.

    Other scripts' digits, signs, leading zeros and numbers of eleven digits are addresses that do not exist.
    """

    regex = "0|[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        """Raises ValidationError, which is a 404."""
        try:
            return row_number(value)
        except ValueError as wrong:
            raise ValidationError(value) from wrong


def row_number(text: str) -> int:
    """The number of a row in a query string, for `request.args.get(..., type=row_number)`.

    Raises ValueError for what no row is numbered by.
    """
    if not re.fullmatch(RowNumber.regex, text) or int(text) > MOST_ROWS:
        raise ValueError(text)
    return int(text)


def init_app(app: Flask) -> None:
    app.url_map.converters["int"] = RowNumber
    # First of all, as the CSRF check already reads the form.
    app.before_request_funcs.setdefault(None, []).insert(0, _bound_form)
    app.before_request(_prepare)
    app.after_request(_protect)
    app.context_processor(lambda: {"csp_nonce": csp_nonce})


def csp_nonce() -> str:
    """The nonce that this answer's own scripts carry."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _bound_form() -> None:
    """Only multipart bodies are read piece by piece; any other is read whole, so it may be no more than text is.

    Forms that long texts or files come with are all multipart.
    """
    if request.mimetype != "multipart/form-data":
        request.max_content_length = MOST_PLAIN_BYTES


def _prepare() -> None:
    if request.method not in _SAFE and not _same_origin():
        abort(403)
    if "\0" in request.path:
        abort(404)
    # No text of a person holds this character, and PostgreSQL cannot store it.
    if any("\0" in part for pair in request.values.items(multi=True) for part in pair):
        abort(400)


def _same_origin() -> bool:
    """Browsers name the page a form came from; a request from another site is refused beside the CSRF token.

    "null" comes from frames without an origin and from pages that hide theirs; ours do neither.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin == "null":
        return site is not None
    return origin is None or _host(origin) == request.host


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _protect(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    # bpmn-js writes style attributes into the markup of its own mark, and its icons are data: images.
    policy = (
        "default-src 'self'; script-src 'self' 'nonce-{nonce}'; "
        "style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    response.headers.setdefault("Content-Security-Policy", policy.format(nonce=csp_nonce()))
    cached = response.cache_control
    if request.endpoint != "static" and not cached.public and not cached.private:
        response.headers["Cache-Control"] = "no-store"
    return response


def safe_target(target: str | None) -> str | None:
    """`target` when it is a path of this site, else None: login never redirects elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    # Browsers drop tabs and line breaks before they read an address: "/<tab>/evil" leads elsewhere.
    if any(unicodedata.category(char)[0] == "C" for char in target):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None
