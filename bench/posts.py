"""The step as an HTTP POST, with login, CSRF, validation and ledger, against a bare Flask view with the same writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from flask import Flask, redirect, request
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from bench import reference, rows
from bench.databases import Bench
from bench.measure import Act, Figure, alternate, compared
from bench.steps import learn
from bench.workload import Approval, journey, place_of, started, user
from webapp.extensions import db, prepare_engine
from webapp.scenarios.demo import DEMO_PASSWORD

BAR = 2.0


class NotAccepted(AssertionError):
    """A post that was measured did not do its work."""


def measure(bench: Bench, code: str, pairs: int) -> list[Figure]:
    """Every approval of a journey, posted to the product on `pairs` cases and to the bare view on as many."""
    with bench.app.app_context():
        made = journey(code)
    cases = started(bench.app, made, 2 * pairs + 1)
    return [_step(bench, made.code, approval, cases, pairs) for approval in made.approvals]


def _step(bench: Bench, code: str, approval: Approval, cases: list[int], pairs: int) -> Figure:
    model, *rest = cases
    template = learn(bench.app, approval, model)
    with bench.app.app_context():
        snapshot = rows.snapshot()
        plans = {case: rows.plan(template, rows.rows_of_case(snapshot, case), str(case)) for case in rest[pairs:]}
    client, token = logged_in(bench.app, approval.user_id)
    plain = _bare(bench.app, plans).test_client()
    sides = [
        (partial(_product, bench.app, client, token, approval, one), partial(_plain, plain, approval, other))
        for one, other in zip(rest[:pairs], rest[pairs:], strict=True)
    ]
    ratio, details = compared(*alternate(sides))
    return Figure(f"POST {code} {approval.element}", bench.kind, ratio, BAR, details=details)


def logged_in(app: Flask, user_id: int) -> tuple[FlaskClient, str]:
    """A browser in which the person has logged in, and the CSRF token of its session."""
    with app.app_context():
        username = user(user_id).username
    client = app.test_client()
    token = _token(client, "/login")
    posted = {"username": username, "password": DEMO_PASSWORD, "csrf_token": token}
    if client.post("/login", data=posted).status_code != 302:
        raise NotAccepted(f"{username} could not log in")
    return client, _token(client, "/inbox")


def _token(client: FlaskClient, path: str) -> str:
    page = client.get(path).get_data(as_text=True)
    found = re.search(r'name="csrf[-_]token"[^>]*?(?:content|value)="([^"]+)"', page)
    if found is None:
        raise NotAccepted(f"{path} carries no CSRF token")
    return found[1]


@contextmanager
def _product(app: Flask, client: FlaskClient, token: str, approval: Approval, instance_id: int) -> Iterator[Act]:
    with app.app_context():
        place = place_of(instance_id)
    guard = {"seat_version": str(place.version), "csrf_token": token, "submission_key": uuid4().hex}
    yield _post(client, f"/tasks/{place.seat_id}/answer", {**_typed(approval), **guard})
    with client.session_transaction() as session:  # the page that follows shows the message and forgets it
        session.pop("_flashes", None)


@contextmanager
def _plain(client: FlaskClient, approval: Approval, instance_id: int) -> Iterator[Act]:
    yield _post(client, f"/write/{instance_id}", _typed(approval))


def _typed(approval: Approval) -> dict[str, object]:
    """What the person has typed: the decision and the step's form."""
    sent = approval.submission
    return {**approval.posted.to_dict(flat=False), "decision": sent.decision, "opinion": sent.opinion}


def _post(client: FlaskClient, path: str, data: Mapping[str, object]) -> Act:
    def act() -> None:
        answer = client.post(path, data=data)
        if answer.status_code != 302:
            raise NotAccepted(f"{path}: {answer.status}\n{answer.get_data(as_text=True)[:2000]}")

    return act


def _bare(app: Flask, plans: dict[int, rows.Plan]) -> Flask:
    """A Flask application over the same database with nothing but the writes."""
    bare = Flask("bare")
    bare.testing = True  # raise what goes wrong
    bare.config.update({name: app.config[name] for name in ("SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_ENGINE_OPTIONS")})
    db.init_app(bare)
    with bare.app_context():
        prepare_engine(db.engine)

    @bare.post("/write/<int:instance_id>")
    def write(instance_id: int) -> Response:
        if request.form["decision"]:  # read, as a view must that writes what was posted
            reference.write(plans[instance_id])
        return redirect("/")

    return bare
