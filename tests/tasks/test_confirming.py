"""Those who confirm a decision: what one of them may take back once another has objected."""

from __future__ import annotations

import pytest

from tests.tasks.office import Office, later
from webapp.errors import Refused
from webapp.tasks import adding, taking_back


def test_who_agreed_takes_nothing_back_while_the_decision_is_made_again(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    seat = office.seat(case, "Second")
    asked = [office.id("expert"), office.id("expert2")]
    adding.add_signers(office.user("head1"), seat.id, seat.version, "after", asked, "", now=later(hours=1))
    office.decide(case, "Second", "head1", now=later(hours=2))
    office.answer(office.seat(case, "Second", "expert", "after"), "expert", "agree", now=later(hours=3))
    agreed = office.last(case, "Second", "expert")
    office.answer(office.seat(case, "Second", "expert2", "after"), "expert2", "object", now=later(hours=4))
    assert office.seat(case, "Second", "head1").state == "open", "it is decided again"
    with pytest.raises(Refused, match="负责一 已在重新决定，不能拿回"):
        taking_back.take_back(office.user("expert"), agreed.id, now=later(hours=5))
    office.decide(case, "Second", "head1", now=later(hours=6))
    assert office.is_sound()
