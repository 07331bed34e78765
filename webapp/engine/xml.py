"""The only way diagrams and decision tables are read: no DOCTYPE, no entities, no network, bounded size and depth."""

import re

from lxml import etree

from webapp.engine.errors import DefinitionError, Finding

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 60

_DECLARATION = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_FORBIDDEN = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read(source: bytes, file: str) -> etree._Element:
    """The root element of `source`, comments and processing instructions removed (text around them joined).

    `file` is only named in findings. Raises DefinitionError with one finding when the text is too large or too
    deep, is not UTF-8, carries a DOCTYPE or is not well-formed. Only UTF-8 is read: with one encoding the search
    for a DOCTYPE sees the same characters as the parser (XML 1.0 section 4.3.3 would allow others).
    """
    _check_bytes(source, file)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise _refused(
            file,
            "xml-well-formed",
            f"第 {line} 行不是合法的 XML，请用流程编辑器重新保存此文件",
            f"line {line} is not well-formed XML; save the file again with the diagram editor",
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype(file)
    if _deeper_than(root, MAX_DEPTH):
        raise _refused(
            file,
            "xml-depth",
            f"XML 嵌套超过 {MAX_DEPTH} 层，请减少嵌套",
            f"the XML is nested deeper than {MAX_DEPTH} levels; nest less",
        )
    return root


def _check_bytes(source: bytes, file: str) -> None:
    if len(source) > MAX_BYTES:
        raise _refused(
            file,
            "xml-size",
            f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请拆分流程图",
            f"the file is larger than {MAX_BYTES // 1024 // 1024} MB; split the diagram",
        )
    declared = _DECLARATION.match(source)
    encoding = declared[1].lower() if declared else b"utf-8"
    if b"\x00" in source or encoding not in (b"utf-8", b"utf8", b"us-ascii") or not _is_utf8(source):
        raise _refused(
            file,
            "xml-encoding",
            "文件编码不是 UTF-8，请以 UTF-8 重新保存",
            "the file is not encoded in UTF-8; save it again as UTF-8",
        )
    if _FORBIDDEN.search(source):
        raise _doctype(file)


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _deeper_than(root: etree._Element, limit: int) -> bool:
    level = [root]
    for _ in range(limit):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def _doctype(file: str) -> DefinitionError:
    return _refused(
        file,
        "xml-doctype",
        "文件含有 DOCTYPE 或实体声明，请删除这些声明",
        "the file carries a DOCTYPE or entity declaration; remove it",
    )


def _refused(file: str, rule: str, sentence: str, sentence_en: str) -> DefinitionError:
    return DefinitionError([Finding(file, "", rule, sentence, sentence_en)])
