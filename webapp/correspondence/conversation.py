"""What stands on a page about the correspondence of a case: threads, copies, and what this person may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name, unit_name
from webapp.cases.moments import Moments
from webapp.correspondence import commands, queries
from webapp.correspondence.forms import CommentForm, CopyForm, UrgeForm
from webapp.correspondence.models import Comment, Copy, Urge
from webapp.correspondence.notices import moment_of
from webapp.correspondence.urging import Waiting, people_of, urge_again_at, waits_for
from webapp.definitions import queries as definitions
from webapp.organization.models import User
from webapp.organization.policy import can
from webapp.workflow.context import specs
from webapp.workflow.models import ProcessInstance

MOST_THREADS = 20
MOST_NAMES = 6


@dataclass
class Thread:
    """Something said, and what was said to it, oldest first."""

    first: Comment
    replies: list[Comment] = field(default_factory=list)


@dataclass
class Conversation:
    """The correspondence of one case for one reader, each part read when first asked for; `back` is its page."""

    instance: ProcessInstance
    reader: User
    moments: Moments
    back: str = ""
    comment_form: CommentForm = field(default_factory=CommentForm)
    copy_form: CopyForm = field(default_factory=CopyForm)
    urge_form: UrgeForm = field(default_factory=UrgeForm)

    @property
    def title(self) -> str:
        english = self.moments.locale == "en" and self.instance.title_en
        return english or self.instance.title_zh

    @cached_property
    def may_copy(self) -> bool:
        return can(self.reader, "copy", self.instance)

    @cached_property
    def may_comment(self) -> bool:
        return self.may_copy or can(self.reader, "comment", self.instance)

    @cached_property
    def comments(self) -> dict[int, Comment]:
        return {row.id: row for row in queries.comments_of(self.instance)}

    @cached_property
    def threads(self) -> list[Thread]:
        """Newest first; a reply to a reply stands in the same thread."""
        threads: dict[int, Thread] = {}
        thread_of: dict[int, int] = {}
        for row in self.comments.values():
            root = thread_of.get(row.reply_to_id or 0, row.id)
            thread_of[row.id] = root
            if root == row.id:
                threads[root] = Thread(row)
            else:
                threads[root].replies.append(row)
        return list(reversed(threads.values()))

    @property
    def recent(self) -> list[Thread]:
        return self.threads[:MOST_THREADS]

    @property
    def older(self) -> list[Thread]:
        return self.threads[MOST_THREADS:]

    def replied_to(self, comment: Comment) -> Comment | None:
        """What a reply answers."""
        return self.comments.get(comment.reply_to_id or 0)

    def waits_for_me(self, comment: Comment) -> bool:
        return comment.asked_id == self.reader.id and comment.answered_at is None

    @cached_property
    def open_question(self) -> Comment | None:
        """The oldest question this person has not answered."""
        return next((row for row in self.comments.values() if self.waits_for_me(row)), None)

    @cached_property
    def copies(self) -> list[Copy]:
        return list(queries.copies_of(self.instance))

    @property
    def own_copy(self) -> Copy | None:
        """The reader's copy while it is not marked as read."""
        return next((copy for copy in self.copies if copy.user_id == self.reader.id and not copy.read_at), None)

    @property
    def unread(self) -> int:
        return len([copy for copy in self.copies if copy.read_at is None])

    @cached_property
    def waiting(self) -> list[Waiting]:
        return waits_for(self.instance, self.reader, self.moments.now)

    @cached_property
    def may_urge(self) -> bool:
        """Whether the person is one who may urge, and there is somebody to."""
        return self.instance.state == "running" and can(self.reader, "urge", self.instance) and bool(self.waiting)

    @cached_property
    def urge_later(self) -> str:
        """Why not now; "" when one may."""
        again = urge_again_at(self.instance, self.reader, self.moments.now)
        return commands.too_soon(again, moment_of(self.reader, again[0])) if again else ""

    @cached_property
    def last_urge(self) -> Urge | None:
        return queries.newest_urge(self.instance)

    @property
    def steps_waiting(self) -> str:
        """The steps an urging is about."""
        pinned = definitions.pinned(self.instance.definition_id)
        elements = pinned.bundle.definition(pinned.key, specs()).elements
        tasks = {entry.seat.task.element: entry.seat.task for entry in self.waiting}
        names = [step_name(elements.get(key), self.moments.locale, task.name) for key, task in tasks.items()]
        return self._joined(names)

    @property
    def people_waited_for(self) -> str:
        """Whom an urging would remind; many by their number."""
        people = people_of(self.waiting)
        named = self._joined([self.name(user) for user in people[:MOST_NAMES]])
        return named if len(people) <= MOST_NAMES else _("%(names)s等 %(n)s 人", names=named, n=len(people))

    def name(self, user: User | None) -> str:
        return person_name(user, self.moments.locale)

    def named(self, user: User) -> str:
        """A person with the unit, which tells two of one name apart."""
        unit = unit_name(user.unit, self.moments.locale)
        if not unit:
            return self.name(user)
        return f"{self.name(user)} ({unit})" if self.moments.locale == "en" else f"{self.name(user)}（{unit}）"

    def _joined(self, names: list[str]) -> str:
        return ", ".join(names) if self.moments.locale == "en" else "、".join(names)
