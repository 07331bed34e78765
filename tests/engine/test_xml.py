"""Only plain, small, flat UTF-8 XML is read."""

import pytest

from webapp.engine import xml
from webapp.engine.errors import DefinitionError


def _refusal(source: bytes) -> str:
    with pytest.raises(DefinitionError) as caught:
        xml.read(source, "wzpt/new_account.bpmn")
    (finding,) = caught.value.findings
    assert finding.file == "wzpt/new_account.bpmn"
    assert finding.sentence
    assert finding.sentence_en.isascii()
    return finding.rule


@pytest.mark.parametrize(
    "source",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><a/>',
        b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
        b'<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE a><a/>',
    ],
)
def test_a_doctype_is_refused(source: bytes) -> None:
    assert _refusal(source) == "xml-doctype"


@pytest.mark.parametrize(
    "source",
    [
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"<?xml version='1.0' encoding='gb18030'?><a/>",
        "<a>备案</a>".encode("gb18030"),
    ],
)
def test_only_utf8_is_read_so_that_no_encoding_hides_a_doctype(source: bytes) -> None:
    assert _refusal(source) == "xml-encoding"


@pytest.mark.parametrize(
    "source", [b"", b"   ", b"<a>", b"<a></b>", b"<a>&unknown;</a>", b"plain", b"<a/><b/>", b"<a b=1/>"]
)
def test_xml_that_is_not_well_formed_is_refused(source: bytes) -> None:
    assert _refusal(source) == "xml-well-formed"


def test_a_file_beyond_two_megabytes_is_refused_and_one_of_that_size_is_read() -> None:
    assert _refusal(b"<a>" + b"x" * xml.MAX_BYTES + b"</a>") == "xml-size"
    assert xml.read(b"<a>" + b"x" * (xml.MAX_BYTES - 7) + b"</a>", "f").tag == "a"


def test_deep_nesting_is_refused() -> None:
    deepest = b"<a>" * xml.MAX_DEPTH + b"</a>" * xml.MAX_DEPTH
    assert xml.read(deepest, "f").tag == "a"
    assert _refusal(b"<a>" + deepest + b"</a>") == "xml-depth"
    assert _refusal(b"<a>" * 100_000 + b"</a>" * 100_000) == "xml-well-formed"


def test_a_comment_inside_a_condition_does_not_cut_it_off() -> None:
    root = xml.read(b"<c>amount &gt; 5<!-- --> and <?x y?>approved<![CDATA[ < 6]]></c>", "f")
    assert root.text == "amount > 5 and approved < 6"
    assert len(root) == 0


def test_a_comment_before_the_root_is_no_element() -> None:
    assert xml.read("<?xml version='1.0' encoding='UTF-8'?><!-- x --><备案/>".encode(), "f").tag == "备案"


def test_a_definition_error_tells_place_and_sentence() -> None:
    with pytest.raises(DefinitionError) as caught:
        xml.read(b"<a>", "wzpt/new_account.bpmn")
    assert caught.value.sentence.startswith("wzpt/new_account.bpmn：")
    assert "line 1" in caught.value.sentence_en
