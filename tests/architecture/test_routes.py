"""Every route says who may reach it, and the start-up check would notice one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import make_settings
from webapp import create_app
from webapp.extensions import csrf
from webapp.organization import policy
from webapp.organization.policy import PolicyError, check_routes, public, requires

SAFE = {"GET", "HEAD", "OPTIONS"}
CHANGING = ("cancel", "discard", "claim", "answer", "read", "again", "logout", "draft")


@pytest.fixture
def bare(tmp_path: Path) -> Flask:
    """The application, without tables: what is asked here needs none."""
    return create_app(make_settings("sqlite://", tmp_path))


def test_every_route_has_a_policy_and_every_permission_is_known(bare: Flask) -> None:
    for endpoint, view in bare.view_functions.items():
        if endpoint != "static":
            found = getattr(view, "policy", None)
            assert found == "public" or found in policy._permissions, endpoint
    open_to_all = {name for name, view in bare.view_functions.items() if getattr(view, "policy", None) == "public"}
    pages = {"directory.directory", "directory.download", "directory.report"}
    assert open_to_all == {"organization.login", "organization.logout", "organization.language"} | pages


def test_every_permission_is_asked_for_somewhere(bare: Flask) -> None:
    """A permission nobody asks for is a rule somebody believes in and nothing keeps."""
    asked = {getattr(view, "policy", None) for view in bare.view_functions.values()}
    assert set(policy._permissions) - asked <= {"processes.edit"}, "the studio asks for it"


def test_a_route_without_a_policy_keeps_the_server_from_starting() -> None:
    app = Flask("undecided")
    app.add_url_rule("/open", "open", public(lambda: ""))
    check_routes(app)
    app.add_url_rule("/undecided", "undecided", lambda: "")
    with pytest.raises(PolicyError, match="undecided has no policy"):
        check_routes(app)


def test_a_route_with_an_unknown_permission_keeps_the_server_from_starting() -> None:
    app = Flask("unknown")
    app.add_url_rule("/unknown", "unknown", requires("no.such.permission")(lambda: ""))
    with pytest.raises(PolicyError, match=r"requires 'no\.such\.permission'"):
        check_routes(app)


def test_no_route_is_exempt_from_the_token(bare: Flask) -> None:
    assert csrf._exempt_views == set()
    assert csrf._exempt_blueprints == set()
    assert bare.config["WTF_CSRF_METHODS"] >= {"POST", "PUT", "PATCH", "DELETE"}
    assert bare.config.get("WTF_CSRF_ENABLED", True)


def test_what_changes_something_is_never_a_link(bare: Flask) -> None:
    for rule in bare.url_map.iter_rules():
        if rule.endpoint.rsplit(".", 1)[-1] in CHANGING:
            assert not (rule.methods or set()) & {"GET"}, rule
        assert (rule.methods or set()) <= SAFE | {"POST"}, rule
