"""Every place of a diagram or table whose text the stock engine gives to Python, with escapes in it.

Where we evaluate text at all it is FEEL, and an escape is refused when the definition is built. Everywhere else the
element itself is refused. And should such a file be run unlinted (`assemble`), nothing of it is executed either.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from tests.engine.drawing import Drawing
from tests.engine.running import OPERATIONS, World
from tests.engine.tables import tier_table
from webapp.engine import DefinitionError, EngineError, Run, assemble, build

ESCAPES = [
    "__import__('os').system('touch {canary}')",
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['touch', '{canary}'])",
    "(lambda: open('{canary}', 'w'))()",
    "open('{canary}', 'w').write('x')",
    "eval(\"open('{canary}', 'w')\")",
    "exec(\"open('{canary}', 'w')\")",
    "getattr(__builtins__, 'open')('{canary}', 'w')",
    "case.__class__.__mro__[1].__subclasses__()",
    "Application.__init__.__globals__",
    "''.__class__",
    "'{{0.__class__}}'.format(Application)",
    "f'{{case.__class__}}'",
    "globals()",
    "(x := 5)",
    "9**9**9",
    "'x' * 10**9",
    "1 << 99999999",
    "[x for x in [1] if open('{canary}', 'w')]",
    "Application.name == 'x'",
    "True and __import__('os')",
    "import os",
    "1; import os",
    "${{''.getClass().forName('java.lang.Runtime')}}",
    "#{{execution.setVariable('a', 1)}}",
]

Place = Callable[[str], Mapping[str, bytes]]


def _drawn(put: Callable[[Drawing], str], extra: str = "") -> Mapping[str, bytes]:
    """A process whose element under test, drawn by `put`, stands between Application and the end."""
    drawing = Drawing()
    drawing.extra = extra
    drawing.start()
    drawing.user("Application")
    element = put(drawing)
    drawing.end()
    drawing.flow("Start", "Application", element, "End")
    return {"a.bpmn": drawing.xml()}


def _raw(xml: str, extra: str = "") -> Mapping[str, bytes]:
    return _drawn(lambda drawing: drawing.raw("X", xml), extra)


def _conditional(kind: str, text: str) -> Mapping[str, bytes]:
    drawing = Drawing()
    drawing.start()
    drawing.user("Application")
    drawing.gateway("X", kind, default="Else")
    drawing.end()
    drawing.end("Other")
    drawing.flow("Start", "Application", "X")
    drawing.flow("X", "End", when=text)
    drawing.flow("X", "Other", id="Else")
    return {"a.bpmn": drawing.xml()}


def _timer(tag: str) -> Place:
    return lambda text: _drawn(lambda drawing: drawing.timer("X", text=text, tag=tag))


def _catch(definition: str, extra: str = "") -> Mapping[str, bytes]:
    return _raw(f'<bpmn:intermediateCatchEvent id="X">{definition}</bpmn:intermediateCatchEvent>', extra)


def _throw(definition: str, extra: str = "") -> Mapping[str, bytes]:
    return _raw(f'<bpmn:intermediateThrowEvent id="X">{definition}</bpmn:intermediateThrowEvent>', extra)


def _spiff(tag: str, text: str) -> str:
    space = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
    inner = f"<spiffworkflow:{tag} {space}>{escape(text)}</spiffworkflow:{tag}>"
    return f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>"


def _loop(inner: str, sequential: bool = False) -> Mapping[str, bytes]:
    marker = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">{inner}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    return _drawn(lambda drawing: drawing.user("X", inner=marker))


def _payload(kind: str) -> Place:
    return lambda text: _throw(
        f'<bpmn:{kind}EventDefinition {kind}Ref="R" />',
        f'<bpmn:{kind} id="R" name="R">{_spiff("payloadExpression", text)}</bpmn:{kind}>',
    )


def _correlation(text: str) -> Mapping[str, bytes]:
    return _throw(
        '<bpmn:messageEventDefinition messageRef="R" />',
        '<bpmn:message id="R" name="R" /><bpmn:correlationProperty id="C" name="C">'
        '<bpmn:correlationPropertyRetrievalExpression messageRef="R"><bpmn:messagePath>'
        f"{escape(text)}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>",
    )


def _table(part: str) -> Place:
    def place(text: str) -> Mapping[str, bytes]:
        return {**_drawn(lambda drawing: drawing.rule("X", "tier")), "tier.dmn": tier_table(**{part: text})}

    return place


PLACES: dict[str, Place] = {
    "exclusive condition": lambda text: _conditional("exclusive", text),
    "inclusive condition": lambda text: _conditional("inclusive", text),
    "service input": lambda text: _drawn(lambda drawing: drawing.service("X", inputs={"text": text})),
    "due date": lambda text: _drawn(lambda drawing: drawing.user("X", due_date=text)),
    "assignee": lambda text: _drawn(lambda drawing: drawing.user("X", assignee="=" + text)),
    "time duration": _timer("timeDuration"),
    "time date": _timer("timeDate"),
    "time cycle": _timer("timeCycle"),
    "script task": lambda text: _raw(
        f'<bpmn:scriptTask id="X"><bpmn:script>q = {escape(text)}</bpmn:script></bpmn:scriptTask>'
    ),
    "pre-script": lambda text: _drawn(lambda d: d.user("X", inner=_spiff("preScript", f"q = {text}"))),
    "post-script": lambda text: _drawn(lambda d: d.user("X", inner=_spiff("postScript", f"q = {text}"))),
    "parallel cardinality": lambda text: _loop(f"<bpmn:loopCardinality>{escape(text)}</bpmn:loopCardinality>"),
    "sequential cardinality": lambda text: _loop(f"<bpmn:loopCardinality>{escape(text)}</bpmn:loopCardinality>", True),
    "completion condition": lambda text: _loop(
        f"<bpmn:loopCardinality>2</bpmn:loopCardinality><bpmn:completionCondition>{escape(text)}"
        "</bpmn:completionCondition>"
    ),
    "loop condition": lambda text: _drawn(
        lambda drawing: drawing.user(
            "X",
            inner='<bpmn:standardLoopCharacteristics testBefore="true"><bpmn:loopCondition>'
            f"{escape(text)}</bpmn:loopCondition></bpmn:standardLoopCharacteristics>",
        )
    ),
    "conditional event": lambda text: _catch(
        f"<bpmn:conditionalEventDefinition><bpmn:condition>{escape(text)}</bpmn:condition>"
        "</bpmn:conditionalEventDefinition>"
    ),
    "signal payload": _payload("signal"),
    "escalation payload": _payload("escalation"),
    "error payload": _payload("error"),
    "message payload": lambda text: _throw(
        f'<bpmn:messageEventDefinition messageRef="R">{_spiff("messagePayload", text)}</bpmn:messageEventDefinition>',
        '<bpmn:message id="R" name="R" />',
    ),
    "message correlation": _correlation,
    "process variable correlation": lambda text: _catch(
        '<bpmn:messageEventDefinition messageRef="R">'
        f"{_spiff('processVariableCorrelation', text)}</bpmn:messageEventDefinition>",
        '<bpmn:message id="R" name="R" />',
    ),
    "ad-hoc completion": lambda text: _raw(
        f'<bpmn:adHocSubProcess id="X"><bpmn:task id="T" /><bpmn:completionCondition>{escape(text)}'
        "</bpmn:completionCondition></bpmn:adHocSubProcess>"
    ),
    "listener": lambda text: _drawn(
        lambda drawing: drawing.user(
            "X",
            inner='<bpmn:extensionElements><camunda:taskListener event="create"><camunda:script scriptFormat="python">'
            f"{escape(text)}</camunda:script></camunda:taskListener></bpmn:extensionElements>",
        )
    ),
    "java expression": lambda text: _raw(
        f'<bpmn:serviceTask id="X" camunda:expression="{escape(text, {chr(34): "&quot;"})}" />'
    ),
    "nested input script": lambda text: _raw(
        '<bpmn:serviceTask id="X" camunda:type="external" camunda:topic="test.note"><bpmn:extensionElements>'
        '<camunda:inputOutput><camunda:inputParameter name="text"><camunda:script scriptFormat="python">'
        f"{escape(text)}</camunda:script></camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements>"
        "</bpmn:serviceTask>"
    ),
    "output script": lambda text: _raw(
        '<bpmn:serviceTask id="X" camunda:type="external" camunda:topic="test.note"><bpmn:extensionElements>'
        f'<camunda:inputOutput><camunda:outputParameter name="r">{escape(text)}</camunda:outputParameter>'
        "</camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>"
    ),
    "table input": _table("asks"),
    "table cell": _table("first"),
    "table cell with ?": lambda text: _table("first")(f"? = 0 or {text}"),
    "table output": _table("result"),
}

_heard: list[str] = []
_listening = False


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listening:
        return
    if event in ("os.system", "subprocess.Popen") or (event == "compile" and arguments[1] == "<string>"):
        _heard.append(event)


sys.addaudithook(_listen)


@pytest.fixture
def overheard() -> Iterator[list[str]]:
    """Everything Python was asked to compile from text, or to start, while the test ran."""
    global _listening
    _heard.clear()
    _listening = True
    yield _heard
    _listening = False


@pytest.mark.parametrize("place", PLACES)
def test_an_escape_is_refused_at_every_place_and_executes_nothing(
    place: str, tmp_path: Path, overheard: list[str]
) -> None:
    canary = tmp_path / "canary"
    for template in ESCAPES:
        files = PLACES[place](template.format(canary=canary))
        with pytest.raises(DefinitionError):
            build("test_process", files, OPERATIONS)
        _run_unlinted(files)
    assert not canary.exists()
    assert overheard == []


def _run_unlinted(files: Mapping[str, bytes]) -> None:
    """Run what was refused as far as it goes; every error on the way is one of ours."""
    world = World(functions={"due": lambda *_arguments: "2026-03-09T00:00:00+00:00"})
    with suppress(EngineError):
        run = Run.start(assemble("test_process", files, OPERATIONS), {"case": {}}, world.environment())
        for _ in range(3):
            for task in run.open_tasks()[:1]:
                run.complete(task.id, {"name": "x", "followers": 1})


def test_the_places_are_accepted_where_their_text_is_feel() -> None:
    good = {
        "exclusive condition": "Application.followers > 5",
        "service input": "Application.name",
        "due date": 'due(5, "working_days")',
        "time duration": "P7D",
        "time date": "2031-01-01T08:00:00+08:00",
        "table input": "Application.followers",
        "table cell": "[1..100]",
        "table output": '"3"',
    }
    for place, text in good.items():
        assert build("test_process", PLACES[place](text), OPERATIONS).process_id == "test_process"


def test_a_comment_inside_a_condition_does_not_cut_it_short() -> None:
    files = dict(_conditional("exclusive", "Application.followers > 5 and Application.approved"))
    files["a.bpmn"] = files["a.bpmn"].replace(b"&gt; 5 and", b"&gt; 5<!-- --> and")
    run = Run.start(build("test_process", files, OPERATIONS), {}, World().environment())
    run.complete(run.open_tasks()[0].id, {"followers": 10, "approved": False})
    assert run.ended_at == "Other"
