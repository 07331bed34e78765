"""Hostile YAML: a sentence with its place, never a crash."""

from __future__ import annotations

import pytest
import yaml

from webapp.engine.yaml import MAX_DEPTH, load_yaml


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("times", [MAX_DEPTH + 1, 100_000])
def test_what_is_nested_too_deep_is_refused_with_its_place(opening: str, times: int) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="nested too deep") as refused:
        load_yaml((opening * times).encode())
    assert refused.value.problem_mark is not None
    assert refused.value.problem_mark.line == 0


def test_what_is_nested_less_deep_is_read() -> None:
    assert load_yaml(("- " * MAX_DEPTH + "1").encode()) is not None
    assert load_yaml("a: [1, {b: 二}]\nc: 2026-06-01".encode())["a"] == [1, {"b": "二"}]


@pytest.mark.parametrize("content", [b"a: [}", b"a: *b", b"\t- a", b"a: 1\n---\nb: 2", b"!!python/object:os.system x"])
def test_a_mistake_is_a_yaml_error(content: bytes) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(content)


@pytest.mark.parametrize("content", [b"\x80abc", b"\xff\xfe\x00", b"a: \x00"])
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises((yaml.YAMLError, UnicodeDecodeError)):
        load_yaml(content)
