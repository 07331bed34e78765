"""Tables of the inbox: what its search looks up."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model


class CaseTerm(Model):
    """One search term of a case: a bigram or word of its title or reference, or what it is filtered by.

    So that whatever few cases have is found by a look-up in an index, however many tasks are open.
    """

    __tablename__ = "case_term"
    __table_args__ = (Index("ix_case_term_look_up", "institution_id", "term", "instance_id"),)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), primary_key=True)
    term: Mapped[str] = mapped_column(String(64), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
