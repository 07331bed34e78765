"""The checks of pages find what they are for."""

import pytest
from playwright.sync_api import Browser

from tests.support.page_checks import accessibility_problems, layout_problems, listening
from tests.support.screenshots import kind_of

pytestmark = pytest.mark.browser
HEAD = '<!doctype html><html lang="zh-CN"><head><title>备案</title></head>'


def test_a_picture_without_words_and_pale_text_are_found(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        f'{HEAD}<main><h1>题</h1><img src="data:,"><p style="color:#ccc;background:#fff">浅色文字</p></main>'
    )
    found = " ".join(accessibility_problems(page))
    page.close()
    assert "image-alt" in found
    assert "color-contrast" in found


def test_something_wider_than_the_phone_is_named(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_content(f'{HEAD}<main><h1>题</h1><p id="wide" style="width:600px">宽</p></main>')
    assert any('id="wide"' in problem for problem in layout_problems(page))
    page.set_content(f'{HEAD}<main><h1>题</h1><div style="overflow:auto"><p style="width:600px">宽</p></div></main>')
    assert layout_problems(page) == []
    page.close()


def test_a_script_error_is_heard(browser: Browser) -> None:
    page = browser.new_page()
    with listening(page) as heard:
        page.set_content(f"{HEAD}<script>throw new Error('no')</script>")
        page.wait_for_timeout(50)
    page.close()
    assert heard == ["script: no"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/cases/17", "/cases/N"),
        ("/registry/accounts/9a3f/versions", "/registry/accounts/N/versions"),
        ("/inbox", "/inbox"),
    ],
)
def test_addresses_that_differ_by_number_are_one_kind_of_page(path: str, kind: str) -> None:
    assert kind_of(f"http://127.0.0.1:8000{path}?q=1") == kind
