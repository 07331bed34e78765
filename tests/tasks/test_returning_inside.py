"""Returning inside a called process: to a step of its own, with what lies around it left as it is."""

from __future__ import annotations

import pytest

from tests.tasks.office import Office, later
from webapp.errors import Invalid


def at_the_report(office: Office) -> int:
    case = office.start("called")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Hear", "head1", now=later(hours=1))
    assert office.open_steps(case) == ["Report"]
    return case


def test_a_step_of_a_called_process_is_returned_to_from_a_later_one_of_it(office: Office) -> None:
    case = at_the_report(office)
    office.send_back(case, "Report", "head1", "Hear", now=later(hours=2))
    assert office.open_steps(case) == ["Hear"]
    assert office.seat(case, "Hear").task.scope == "Hearing"
    assert office.last(case, "First").task.round == 1, "what lies around the called process stands"
    for element, who in (("Hear", "head2"), ("Report", "head1"), ("Decision", "chief")):
        office.decide(case, element, who, now=later(hours=3))
    assert office.outcome(case) == ("ended", "approved")
    assert office.is_sound()


def test_from_inside_a_called_process_a_case_still_goes_back_to_what_was_before_it(office: Office) -> None:
    case = at_the_report(office)
    office.send_back(case, "Report", "head1", "First", now=later(hours=2))
    assert office.open_steps(case) == ["First"]
    for element, who in (("First", "clerk1"), ("Hear", "head2"), ("Report", "head1"), ("Decision", "chief")):
        office.decide(case, element, who, now=later(hours=3))
    assert office.outcome(case) == ("ended", "approved")


def test_its_own_step_and_what_comes_after_are_no_targets(office: Office) -> None:
    case = at_the_report(office)
    for target in ("Report", "Hearing", "Decision"):
        with pytest.raises(Invalid, match="不能退回到这一步"):
            office.send_back(case, "Report", "head1", target, now=later(hours=2))
