"""Links to the built front end, and what every template needs to know about language.

The build (webapp/assets/build.mjs) writes files with a content hash in their names and a manifest; pages name
them plainly: `asset("app.js")`. The files never change under their name, so browsers may keep them for a year.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for
from flask_babel import get_locale

DIST = Path(__file__).parent / "static" / "dist"
NAMES = {"zh": "中文", "en": "English"}
TAGS = {"zh": "zh-CN", "en": "en"}
LANGUAGE_ENDPOINT = "organization.language"


class FrontEndMissing(RuntimeError):
    """The front end was not built; the message says the command that does it."""


def _changed(folder: Path) -> int:
    try:
        return (folder / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError as error:
        raise FrontEndMissing("The front end is not built yet. Run: make frontend") from error


def _manifest(folder: Path) -> dict[str, str]:
    names: dict[str, str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return names


def init_app(app: Flask, folder: Path = DIST) -> None:
    """Register the template global `asset(name) -> URL`; variables `html_lang`, `languages`, `here`, `demo_mode`.

    `languages` is a list of {code, label, href, current} for macro `language_switch`, which posts to href;
    `here` is the page to come back to. Raises FrontEndMissing when a page is rendered and the build has not run.
    """
    built: tuple[int, dict[str, str]] = (0, {})

    def asset(name: str) -> str:
        nonlocal built
        changed = _changed(folder)
        if changed != built[0]:  # built anew while the server runs
            built = (changed, _manifest(folder))
        return url_for("static", filename=f"dist/{built[1][name]}")

    def _variables() -> dict[str, Any]:
        code = str(get_locale() or "zh").split("_")[0]
        languages = [
            {"code": key, "label": label, "href": url_for(LANGUAGE_ENDPOINT, code=key), "current": key == code}
            for key, label in NAMES.items()
        ]
        return {
            "html_lang": TAGS.get(code, code),
            "languages": languages,
            "here": request.full_path.rstrip("?") if request and request.method == "GET" else "",
            "demo_mode": bool(getattr(app.extensions.get("settings"), "demo", False)),
        }

    def _cache(response: Response) -> Response:
        if request.endpoint == "static" and request.path.startswith(f"{app.static_url_path}/dist/"):
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = 365 * 24 * 3600
            response.cache_control.immutable = True
        return response

    app.jinja_env.globals["asset"] = asset
    app.context_processor(_variables)
    app.after_request(_cache)
