"""The page of a task: what was filed, what was said, what is asked, and what each answer leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webapp.cases.actors import person_name, step_name, unit_name
from webapp.cases.casefile import CaseFile
from webapp.cases.citations import Citations, Cited, cited
from webapp.cases.opinions import Round, ground_codes, rounds
from webapp.cases.records import Filed, articles_of, latest_application
from webapp.cases.route import RouteStep, case_route, marks, notes
from webapp.cases.terms import Term, term_to_be
from webapp.engine import Element
from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.files.queries import by_keys
from webapp.formkit import BoundForm, Row
from webapp.inbox.effects import Act, Target, acts, label, opinion_acts, targets
from webapp.inbox.following import came_from
from webapp.inbox.forms import DecisionForm, typed_out_of_sight
from webapp.inbox.neighbours import Neighbours, neighbours
from webapp.organization.models import User
from webapp.organization.policy import can
from webapp.regulations.queries import clauses_for_process
from webapp.tasks.company import Asked, Countersigning, asked, asked_kind, countersigning, siblings
from webapp.tasks.offers import Offer, asked_by, offers, why_not_now
from webapp.tasks.taking_back import obstacle_to_taking_back
from webapp.workdays import Cell, Deadline, TimeLeft, WorkdaysError, cells
from webapp.workflow import queries
from webapp.workflow.lodging import last_day
from webapp.workflow.models import Seat
from webapp.workflow.rules import OPINIONS, acts_for

MOST_HIGHLIGHTS = 8


@dataclass
class Desk:
    """Everything the task page shows; parts are made when the template asks for them. `bound` may be None."""

    file: CaseFile
    seat: Seat
    bound: BoundForm | None
    decision: DecisionForm
    saved: str = ""

    @property
    def element(self) -> Element:
        return self.file.definition.elements[self.seat.task.element]

    @property
    def name(self) -> str:
        return step_name(self.element, self.file.locale, self.seat.task.name)

    @property
    def who(self) -> str:
        """The applicant and the sponsoring unit."""
        case, locale = self.file.instance, self.file.locale
        return f"{person_name(case.applicant, locale)}　{unit_name(case.unit, locale)}"

    @property
    def correcting(self) -> bool:
        """Whether this is the application, open again."""
        return self.element.id == "Application"

    @property
    def hint(self) -> str:
        properties = self.element.properties
        return properties.get(f"hint_{self.file.locale}") or properties.get("hint_zh") or ""

    @cached_property
    def obstacle(self) -> str:
        """Why this person cannot answer now, "" when they can."""
        seat, user = self.seat, self.file.reader
        if sentence := why_not_now(self.file, seat):
            return sentence
        if not can(user, "answer", seat):
            return str(_("本人的申请不能由本人审批，或您不在办理人之列。"))
        if self.only_opinion:
            return ""
        signed = [s for s in siblings(self.file, seat.task) if s.state == "answered"]
        if any(user.id in (s.answered_by_id, s.on_behalf_of_id) for s in signed):
            return str(_("您已在这一步签过意见，会签中一人只签一次，不能再代他人签。"))
        apart = seat.role not in ("applicant", "assignee") and not self.file.process.same_person_two_roles
        if apart and seat.task.decides and queries.decided_in_other_role(self.file.instance, user, seat.role):
            return str(_("您已以另一角色办理过这件事项，那次办理仍然有效，须由他人办理。"))
        return ""

    @property
    def may_claim(self) -> bool:
        return can(self.file.reader, "claim", self.seat) and not self.obstacle

    @property
    def may_unclaim(self) -> bool:
        return self.seat.state == "open" and can(self.file.reader, "unclaim", self.seat)

    @property
    def only_opinion(self) -> bool:
        """Whether the person was only asked for an opinion: who decides holds the seat above."""
        return self.seat.kind in OPINIONS

    @property
    def asked_for(self) -> str:
        """What the person was asked for: 委派, 前加签 or 后加签."""
        return asked_kind(self.seat.kind)

    @property
    def asked_by(self) -> str:
        return asked_by(self.file, self.seat)

    @cached_property
    def principal(self) -> str:
        """On whose behalf the person acts here, "" in their own right."""
        found = None if self.only_opinion else acts_for(self.file.reader, self.seat)
        return person_name(db.session.get(User, found), self.file.locale) if found else ""

    @cached_property
    def acts(self) -> list[Act]:
        if self.obstacle:
            return []
        return opinion_acts(self.file, self.seat) if self.only_opinion else acts(self.file, self.seat)

    @cached_property
    def targets(self) -> list[Target]:
        return [] if self.obstacle or self.only_opinion else targets(self.file, self.seat.task)

    @property
    def decides(self) -> bool:
        """Whether the person writes an opinion: on a decision, or as one who was asked."""
        return self.only_opinion or "decisions" in self.element.properties

    @cached_property
    def offers(self) -> list[Offer]:
        """What else may be done with the task, each with its effect or why not."""
        return offers(self.file, self.seat)

    @cached_property
    def countersigning(self) -> Countersigning | None:
        return countersigning(self.file, self.seat)

    @cached_property
    def asked(self) -> list[Asked]:
        """Those the person asked before or after deciding."""
        return asked(self.file, self.seat)

    @property
    def waiting(self) -> bool:
        """Whether the task is one's own while others speak: those asked before deciding, or who sign it too."""
        mine = self.file.reader.id in (self.seat.holder_id, self.seat.answered_by_id)
        return mine and self.seat.kind == "main" and self.seat.state in ("waiting", "answered")

    @cached_property
    def take_back_obstacle(self) -> str | None:
        """Why one's own answer cannot be taken back, "" when it can; None where there is none."""
        if self.seat.state != "answered" or self.seat.answered_by_id != self.file.reader.id:
            return None
        return obstacle_to_taking_back(self.file.reader, self.seat)

    @cached_property
    def attachments(self) -> list[StoredFile]:
        """The files kept beside the opinion so far."""
        case = self.file.instance
        found = by_keys(case.institution_id, self.decision.attachments) if self.decision.attachments else {}
        rows = (found[key] for key in self.decision.attachments if key in found)
        mine = self.file.reader.id
        return [
            row for row in rows if row.instance_id == case.id or (not row.instance_id and row.uploaded_by_id == mine)
        ]

    @cached_property
    def neighbours(self) -> Neighbours:
        """The tasks before and after this one in the list it was opened from."""
        return neighbours(came_from(self.file.reader), self.seat)

    @cached_property
    def rejects(self) -> bool:
        return any(act.name == "reject" for act in self.acts)

    @cached_property
    def grounds(self) -> list[Cited]:
        """The clauses a refusal can rest on: those the step cites first."""
        found = clauses_for_process(self.file.instance.institution_id, self.file.instance.definition.key)
        listed = [cited(clause, self.file.locale) for clause in found]
        return sorted(listed, key=lambda clause: clause.code not in self.element.articles)

    @cached_property
    def filed(self) -> Filed | None:
        return latest_application(self.file)

    @property
    def out_of_sight(self) -> list[tuple[str, str]]:
        return typed_out_of_sight(self.bound) if self.bound else []

    @property
    def typed(self) -> MultiDict[str, str]:
        """Everything typed, uploads included, as a draft keeps it."""
        form = self.bound.typed if self.bound else {}
        pairs = [(name, value) for name, values in form.items() for value in values]
        return MultiDict([*pairs, *self.decision.pairs])

    @property
    def highlights(self) -> list[Row]:
        """The first filled-in short answers of the application, for the preview."""
        rows = self.filed.rows if self.filed else ()
        return [row for row in rows if row.value_text and not row.rows and not row.files][:MOST_HIGHLIGHTS]

    @cached_property
    def cite(self) -> Citations:
        codes = [*self.element.articles, *ground_codes(self.file), *(self.term.articles if self.term else ())]
        codes += [code for entry in self.file.process.deadline for code in entry.article.split()]
        codes += articles_of([self.filed]) if self.filed else []
        if self.bound is not None:
            codes += [code for spec in self.bound.schema.fields for code in spec.basis.articles]
            codes += [advice.article for advice in self.bound.advice]
        return Citations(self.file.instance.institution_id, codes, self.file.locale)

    @property
    def articles(self) -> list[Cited]:
        return self.cite.all(self.element.articles)

    @cached_property
    def rounds(self) -> list[Round]:
        return rounds(self.file, self.cite, opinions_only=True)

    @cached_property
    def returned(self) -> Round | None:
        """The round that ended in a return for correction: what the applicant must answer."""
        back = [entry for found in self.rounds for entry in found.entries if entry.kind == "back"]
        return Round(0, "", back[:1]) if back else None

    @cached_property
    def route(self) -> Sequence[RouteStep]:
        return case_route(self.file)

    @property
    def ahead(self) -> list[RouteStep]:
        """What is still to come, when everybody agrees."""
        return [step for step in self.route if step.state in ("current", "next")]

    @property
    def marks(self) -> dict[str, str]:
        return marks(self.file)

    @property
    def notes(self) -> dict[str, str]:
        return notes(self.file)

    @cached_property
    def term(self) -> Term | None:
        """The last day to file: of what is typed into an open application, else of what was filed."""
        if not self.correcting or self.bound is None:
            return self.file.term
        case, moments = self.file.instance, self.file.moments
        found = last_day(
            self.file.process,
            self.bound.answers,
            self.file.facts,
            institution_id=case.institution_id,
            zone=moments.zone,
            now=moments.now,
        )
        filed_on = moments.today if case.to_be_filed else case.filed_at.astimezone(moments.zone).date()
        return term_to_be(found, moments, filed_on)

    @cached_property
    def deadline(self) -> Deadline | None:
        stored = self.seat.task.deadline
        try:
            return Deadline.from_json(stored) if stored else None
        except WorkdaysError:
            return None

    @property
    def cells(self) -> list[Cell]:
        return cells(self.deadline, self.file.moments.now, self.file.locale) if self.deadline else []

    @property
    def left(self) -> TimeLeft | None:
        return self.file.moments.left(self.seat.task.due_at)

    def label(self, decision: str, returning: bool) -> str:
        """The words of the button pressed."""
        if self.only_opinion:
            return next((act.label for act in self.acts if act.name == decision), "")
        if not returning:
            return label(self.element, decision, first=self.file.instance.to_be_filed)
        chosen = (target for target in self.targets if target.value == self.decision.return_to)
        return next((str(_("退回给 %(name)s", name=target.name)) for target in chosen), "")

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The summary of everything to put right."""
        return [*(self.bound.summary if self.bound else []), *self.decision.summary]
