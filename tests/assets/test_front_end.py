"""The built front end and the templates that use it."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel

from webapp import front_end
from webapp.front_end import FrontEndMissing

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "webapp").rglob("templates/**/*.html"))


def _app(folder: Path) -> Flask:
    app = Flask("webapp", static_folder=str(folder.parent))
    app.add_url_rule("/language/<code>", "organization.language", lambda code: code, methods=["POST"])
    app.add_url_rule(
        "/page", "page", lambda: render_template_string("{{ html_lang }} {{ here }} {{ asset('app.js') }}")
    )
    Babel(app, default_locale="zh")
    front_end.init_app(app, folder)
    return app


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "static" / "dist"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"app.js": "app-ABCDEFGH.js"}))
    (folder / "app-ABCDEFGH.js").write_text("// built")
    return folder


def test_a_page_names_an_asset_plainly_and_gets_its_built_name(dist: Path) -> None:
    answer = _app(dist).test_client().get("/page?q=1")
    assert answer.text == "zh-CN /page?q=1 /static/dist/app-ABCDEFGH.js"


def test_a_new_build_is_used_without_a_restart(dist: Path) -> None:
    client = _app(dist).test_client()
    client.get("/page")
    (dist / "manifest.json").write_text(json.dumps({"app.js": "app-22222222.js"}))
    assert "app-22222222.js" in client.get("/page").text


def test_without_a_build_the_error_names_the_command(tmp_path: Path) -> None:
    app = _app(tmp_path / "dist")
    app.testing = True
    with pytest.raises(FrontEndMissing, match="make frontend"):
        app.test_client().get("/page")


def test_browsers_may_keep_a_built_file_for_a_year_but_no_other(dist: Path) -> None:
    (dist.parent / "icon.svg").write_text("<svg/>")
    client = _app(dist).test_client()
    with client.get("/static/dist/app-ABCDEFGH.js") as built, client.get("/static/icon.svg") as plain:
        assert built.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "immutable" not in plain.headers["Cache-Control"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_has_inline_style_script_or_handler(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<style|<script(?![^>]*\bsrc=)|javascript:", text)
    assert not found


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"])
def test_a_python_lock_pins_every_package_with_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert blocks
    for block in blocks:
        assert re.match(r"[\w.\-]+(\[[\w,]+\])?==\S+", block)
        assert "--hash=sha256:" in block


def test_the_npm_lock_has_integrity_everywhere_and_no_download_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


def test_the_front_end_is_fetched_from_nowhere_else() -> None:
    sources = [*TEMPLATES, *(ROOT / "webapp/assets").rglob("*.js"), *(ROOT / "webapp/assets").rglob("*.css")]
    allowed = {"http://www.w3.org/2000/svg"}
    found = {
        (path.name, link)
        for path in sources
        for link in re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}[^\s\"')]*", path.read_text(encoding="utf-8"))
        if link not in allowed
    }
    assert found == set()
