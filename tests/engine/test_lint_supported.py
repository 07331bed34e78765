"""Lint: elements, events and extensions that would be dropped or executed otherwise than drawn."""

import pytest

from tests.engine.drawing import Drawing
from tests.engine.linting import findings, rules, with_element
from tests.engine.running import straight


def test_a_plain_process_has_no_findings() -> None:
    assert findings(straight("Application", "Review")) == []


@pytest.mark.parametrize(
    "tag",
    ["scriptTask", "manualTask", "task", "sendTask", "receiveTask", "complexGateway", "adHocSubProcess", "transaction"],
)
def test_elements_we_do_not_execute_are_refused_with_what_to_draw_instead(tag: str) -> None:
    found = findings(with_element(xml=f'<bpmn:{tag} id="X" name="X" />'))
    refused = [finding for finding in found if finding.rule == "unsupported-element"]
    assert [(finding.element, tag in finding.sentence) for finding in refused] == [("X", True)]
    assert "请" in refused[0].sentence
    assert ";" in refused[0].sentence_en


@pytest.mark.parametrize("loop", ["multiInstanceLoopCharacteristics", "standardLoopCharacteristics"])
def test_multi_instance_user_tasks_are_refused(loop: str) -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application", inner=f"<bpmn:{loop} />")
    drawing.end()
    drawing.flow("Start", "Application", "End")
    assert ("Application", "unsupported-element") in rules(drawing)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("endEvent", "signal"),
        ("endEvent", "link"),
        ("endEvent", "terminate"),
        ("endEvent", "error"),
        ("endEvent", "compensate"),
        ("intermediateCatchEvent", "message"),
        ("intermediateCatchEvent", "conditional"),
        ("intermediateThrowEvent", "escalation"),
        ("intermediateThrowEvent", "link"),
    ],
)
def test_events_we_do_not_execute_are_refused(kind: str, event: str) -> None:
    xml = f'<bpmn:{kind} id="X" name="X"><bpmn:{event}EventDefinition /></bpmn:{kind}>'
    assert ("X", "unsupported-event") in rules(with_element(xml=xml))


def test_a_timer_on_a_start_event_is_refused() -> None:
    drawing = Drawing()
    drawing.raw(
        "Start",
        '<bpmn:startEvent id="Start"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition></bpmn:startEvent>",
    )
    drawing.user("Application")
    drawing.end()
    drawing.flow("Start", "Application", "End")
    assert ("Start", "unsupported-event") in rules(drawing)


def test_event_sub_processes_are_refused() -> None:
    drawing = straight("Application")
    drawing.raw(
        "Incident",
        '<bpmn:subProcess id="Incident" triggeredByEvent="true"><bpmn:startEvent id="S" isInterrupting="false">'
        '<bpmn:errorEventDefinition /></bpmn:startEvent><bpmn:endEvent id="E" />'
        '<bpmn:sequenceFlow id="SE" sourceRef="S" targetRef="E" /></bpmn:subProcess>',
    )
    assert ("Incident", "event-sub-process") in rules(drawing)


@pytest.mark.parametrize("tag", ["message", "signal", "error", "escalation", "correlationProperty", "dataStore"])
def test_definitions_of_what_we_do_not_execute_are_refused(tag: str) -> None:
    drawing = straight("Application")
    drawing.extra = f'<bpmn:{tag} id="R" name="R" />'
    assert ("R", "unsupported-element") in rules(drawing)


@pytest.mark.parametrize(
    "attribute",
    [
        'camunda:class="x.Y"',
        'camunda:delegateExpression="${bean}"',
        'camunda:expression="${1}"',
        'camunda:asyncBefore="true"',
        'camunda:asyncAfter="true"',
    ],
)
def test_java_and_asynchronous_settings_are_refused(attribute: str) -> None:
    xml = f'<bpmn:serviceTask id="X" name="X" camunda:type="external" camunda:topic="test.note" {attribute} />'
    assert rules(with_element(xml=xml)) == {("X", "camunda-attribute")}


def test_async_switched_off_is_no_fault() -> None:
    xml = (
        '<bpmn:serviceTask id="X" name="X" camunda:type="external" camunda:topic="test.note" '
        'camunda:asyncBefore="false" />'
    )
    assert rules(with_element(xml=xml)) == set()


@pytest.mark.parametrize(
    "extension",
    [
        '<camunda:executionListener class="x.Y" event="start" />',
        '<camunda:taskListener class="x.Y" event="create" />',
        "<camunda:connector />",
        '<camunda:formData><camunda:formField id="f" /></camunda:formData>',
        '<camunda:in variables="all" />',
    ],
)
def test_listeners_and_other_extensions_are_refused(extension: str) -> None:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application", inner=f"<bpmn:extensionElements>{extension}</bpmn:extensionElements>")
    drawing.end()
    drawing.flow("Start", "Application", "End")
    assert rules(drawing) == {("Application", "camunda-extension")}


def test_another_engines_extensions_are_refused_but_unknown_tools_may_leave_their_notes() -> None:
    def noted(space: str) -> Drawing:
        drawing = Drawing()
        drawing.start()
        drawing.user(
            "Application",
            inner=f'<bpmn:extensionElements><n:note xmlns:n="{space}">x</n:note></bpmn:extensionElements>',
        )
        drawing.end()
        drawing.flow("Start", "Application", "End")
        return drawing

    assert rules(noted("http://camunda.org/schema/zeebe/1.0")) == {("Application", "foreign-extension")}
    assert rules(noted("http://example.org/notes")) == set()


def test_a_missing_process_and_unreadable_xml_are_findings() -> None:
    from webapp.engine.lint import check

    assert [finding.rule for finding in check("other", {"a.bpmn": straight("Application").xml()}, {})] == [
        "process-missing"
    ]
    assert [finding.rule for finding in check("other", {"a.bpmn": b"<!DOCTYPE d []><d/>"}, {})] == ["xml-doctype"]
