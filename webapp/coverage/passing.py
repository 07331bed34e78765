"""Which elements of a pack a scenario passes, read off what it says: nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.coverage.ways import Walk
from webapp.definitions.bundle import Bundle
from webapp.engine import Definition, OperationSpec
from webapp.engine import Element as Drawn
from webapp.engine.errors import DefinitionError
from webapp.formkit import Kind
from webapp.scenarios.documents import ExpectedCase, Scenario, ScenarioStep

_QUOTED = re.compile(r'"([a-z][a-z0-9_]*)"')
_TELLING = ("notifications.notify", "bulletins.publish")
Key = tuple[str, str]


@dataclass
class Case:
    """One case of a scenario: the tasks done in it and what is expected of it."""

    process: str
    steps: list[ScenarioStep] = field(default_factory=list)
    expect: ExpectedCase | None = None


@dataclass
class Passing:
    """Reads scenarios of one pack. `operations` as the diagrams need them."""

    bundle: Bundle
    operations: Mapping[str, OperationSpec]

    def passed(self, process: str, scenario: Scenario) -> frozenset[Key]:
        """Keys (process, place) of what the scenario passes; entries of the pack have no process but their own."""
        found: set[Key] = set()
        for case in cases_of(self.bundle, process, scenario):
            found |= set(self._of_case(case))
        return frozenset(found | set(self._of_pack(scenario)))

    def _of_case(self, case: Case) -> Iterator[Key]:
        key, pack = case.process, self.bundle.pack
        try:
            definition = self.bundle.definition(key, self.operations)
        except DefinitionError:
            return
        yield key, f"processes.{key}"
        if entry := pack.process(key):
            yield "", f"number_series.{entry.number.series}"
        expect = case.expect
        if expect is not None and expect.model_fields_set & {"late", "last_day"}:
            for number, _deadline in enumerate(entry.deadline if entry else ()):
                yield key, f"processes.{key}.deadline.{number}"
        for name in self._places(definition, case):
            yield key, name
            drawn = definition.elements.get(name)
            if drawn is not None:
                yield from self._of_node(drawn, definition, key)
        for step in case.steps:
            yield from self._of_refusal(step, definition, key)
        for path in pack.documents:
            yield "", f"document {path} {key}"

    def _places(self, definition: Definition, case: Case) -> frozenset[str]:
        """Everything passed in the diagram: by the expected path, and by the steps taken."""
        done = {step.task for step in case.steps if step.task and not step.refused}
        expect = case.expect or ExpectedCase()
        walk = Walk(definition, expect.path or (), frozenset(expect.open or ()), expect.state)
        return walk.passed() | {name for name in done if name in definition.elements}

    def _of_node(self, drawn: Drawn, definition: Definition, key: str) -> Iterator[Key]:
        yield key, f"{drawn.id}.due"
        named = drawn.properties.get("roles", "").replace(",", " ").split()
        for role in (*drawn.candidate_groups, *named):
            yield "", f"roles.{role}"
        if overseer := drawn.properties.get("escalate_to"):
            yield "", f"roles.{overseer}"
        if drawn.form_key:
            yield from self._of_form(drawn.form_key, key)
        table = definition.decisions.get(drawn.decision_ref or "")
        if table is not None:
            yield key, table.id
            for row in table.rows:
                yield key, f"{table.id}.{row.id or row.number}"
        if drawn.topic in _TELLING:
            for text in _QUOTED.findall(drawn.inputs.get("text", "")):
                yield "", f"texts.{text}"

    def _of_form(self, name: str, key: str) -> Iterator[Key]:
        try:
            schema = self.bundle.form(name)
        except DefinitionError:
            return
        for spec in schema.fields:
            yield key, f"{name} {spec.path}"
            if spec.kind is Kind.SHEET:
                yield "", f"sheets.{spec.sheet}"
        for rule in schema.rules:
            yield key, f"{name} rule {rule.key}"

    def _of_refusal(self, step: ScenarioStep, definition: Definition, key: str) -> Iterator[Key]:
        """A form that was refused shows its fields, its rules and the marks it refused."""
        drawn = definition.elements.get(step.task or "")
        if not step.refused or drawn is None:
            return
        yield key, drawn.id
        if drawn.form_key:
            yield from self._of_form(drawn.form_key, key)
        told = " ".join([*map(str, step.answers.values()), *step.refused.values()]).casefold()
        for mark in self.bundle.pack.protected_marks:
            if mark.text.casefold() in told:
                yield "", f"protected_marks.{mark.text}"

    def _of_pack(self, scenario: Scenario) -> Iterator[Key]:
        """The entries of `pack.yaml` that are not reached through a diagram."""
        expect = scenario.expect
        cases: list[ExpectedCase] = [expect, *expect.also]
        for text in (*(notice.text for case in cases for notice in case.notices), *(expect.bulletins or ())):
            yield "", f"texts.{text}"
        yield from _pages(scenario)
        yield from self._mentioned(scenario)
        yield from self._campaigns(scenario)
        report = self.bundle.pack.public_report
        if report is not None and scenario.begins is not None and scenario.begins.public_report is not None:
            yield report.process, "public_report"
        if self._silent(scenario):
            yield "", "inactivity"

    def _mentioned(self, scenario: Scenario) -> Iterator[Key]:
        """Platforms, tiers, kept fields and numbers a scenario speaks of."""
        pack, expect = self.bundle.pack, scenario.expect
        words = set(_words(scenario.model_dump(mode="json")))
        tiers = {str(wanted.get("tier")) for wanted in _accounts(scenario)}
        yield from (("", f"platforms.{platform.key}") for platform in pack.platforms if platform.key in words)
        yield from (("", f"tiers.{tier.key}") for tier in pack.tiers if tier.key in tiers)
        yield from (("", f"registers.{register.field}") for register in pack.registers if register.field in words)
        if expect.account or expect.accounts:
            yield from (("", f"number_series.{series.key}") for series in pack.number_series)

    def _campaigns(self, scenario: Scenario) -> Iterator[Key]:
        steps, begins = scenario.steps, scenario.begins
        closed = {step.close_campaign for step in steps if step.close_campaign}
        opened = closed | {step.zero_report for step in steps} | {begins.campaign if begins else None}
        waited = any(step.wait for step in steps)
        for campaign in self.bundle.pack.campaigns:
            if campaign.key not in opened:
                continue
            place = f"campaigns.{campaign.key}"
            places = [place, *(f"{place}.windows.{window.key}" for window in campaign.windows)]
            if campaign.key in closed or waited:
                places += [f"{place}.on_close", f"{place}.on_close.unfiled"]
            yield from ((campaign.process, where) for where in places)

    def _silent(self, scenario: Scenario) -> bool:
        """Whether an account's silence has started something, or time passed until it did."""
        rule = self.bundle.pack.inactivity
        if rule is None:
            return False
        if scenario.begins is not None and scenario.begins.inactivity:
            return True
        reached = {case.process for case in cases_of(self.bundle, "", scenario)}
        return rule.process in reached and any(step.wait or step.at for step in scenario.steps)


def cases_of(bundle: Bundle, process: str, scenario: Scenario) -> list[Case]:
    """The cases a scenario speaks of, each with its steps; the one in focus at the end has the expectation."""
    begins, pack = scenario.begins, bundle.pack
    first = process
    if begins is not None:
        campaign = pack.campaign(begins.campaign or "")
        silent = pack.inactivity.process if begins.inactivity and pack.inactivity else None
        first = begins.request or silent or (campaign.process if campaign else "") or process
    cases = [Case(first)]
    for step in scenario.steps:
        turned = step.follow or (step.process if step.task else None)
        if turned:
            known = next((case for case in cases if case.process == turned and step.follow), None)
            if known is not None:
                cases.remove(known)
            cases.append(known or Case(turned))
        if step.task:
            cases[-1].steps.append(step)
    cases[-1].expect = scenario.expect
    cases += [Case(also.process, [], also) for also in scenario.expect.also]
    return cases


def _pages(scenario: Scenario) -> Iterator[Key]:
    expect, begins = scenario.expect, scenario.begins
    shown = {
        "public_report": bool(begins and begins.public_report is not None),
        "campaigns": bool(begins and begins.campaign),
        "bulletins": bool(expect.bulletins),
        "measures": bool(expect.measures),
        "account": any(step.update for step in scenario.steps) or bool(expect.accounts),
        "directory": bool(expect.account or expect.accounts),
    }
    for page, reached in shown.items():
        if reached:
            yield "", f"pages.{page}"


def _accounts(scenario: Scenario) -> list[Mapping[str, Any]]:
    expect = scenario.expect
    given = [{"tier": account.tier} for account in scenario.given.accounts]
    return [*given, *([expect.account] if expect.account else []), *expect.accounts.values()]


def _words(value: Any) -> Iterator[str]:
    """Every key and every text in what a scenario says."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            # A member that says nothing is no mention.
            if item not in (None, "", [], {}, ()):
                yield str(key)
                yield from _words(item)
    elif isinstance(value, Iterable):
        for item in value:
            yield from _words(item)
