"""Names of the dialect our diagrams are drawn in: BPMN 2.0 with the camunda: extensions of Camunda Platform 7."""

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
NAMESPACES = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "di": DI, "camunda": CAMUNDA}

TASKS = frozenset({"userTask", "serviceTask", "businessRuleTask"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway"})
SCOPES = frozenset({"subProcess", "callActivity"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
SUPPORTED = TASKS | GATEWAYS | SCOPES | EVENTS

# Flow nodes of BPMN 2.0 that the engine would drop or execute wrongly; lint refuses each with a sentence.
UNSUPPORTED = frozenset(
    {
        "adHocSubProcess",
        "complexGateway",
        "eventBasedGateway",
        "manualTask",
        "receiveTask",
        "scriptTask",
        "sendTask",
        "task",
        "transaction",
        "callChoreography",
        "choreographyTask",
        "subChoreography",
    }
)
FLOW_NODES = SUPPORTED | UNSUPPORTED


def bpmn(tag: str) -> str:
    """The Clark name of a BPMN tag."""
    return f"{{{BPMN}}}{tag}"


def camunda(name: str) -> str:
    """The Clark name of a camunda: tag or attribute."""
    return f"{{{CAMUNDA}}}{name}"


def local(element: etree._Element) -> str:
    """The tag without its namespace."""
    return etree.QName(element).localname


def is_bpmn(element: etree._Element) -> bool:
    """Whether the element belongs to the BPMN model namespace."""
    return etree.QName(element).namespace == BPMN


def text_of(element: etree._Element | None) -> str:
    """The text directly inside an element, without surrounding blanks; "" when there is none."""
    return ((element.text if element is not None else "") or "").strip()


def properties_of(element: etree._Element) -> dict[str, str]:
    """camunda:properties of an element, later ones of the same name winning."""
    path = "./bpmn:extensionElements/camunda:properties/camunda:property"
    found = element.iterfind(path, NAMESPACES)
    return {item.get("name") or "": item.get("value") or "" for item in found}
