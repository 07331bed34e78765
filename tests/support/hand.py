"""A person's hand on a page: fills fields as a person does, in the order given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from webapp.extensions import db
from webapp.organization.queries import unit_by_code, user_by_name
from webapp.scenarios.posting import PDF, PNG

KIND = """(form, name) => {
    const named = (key) => form.querySelector(`[name="${CSS.escape(key)}"]`);
    if (form.querySelector(`input[type="file"][name="${CSS.escape(name)}-new"]`)) return 'upload';
    if (named(`${name}-query`)) return 'search';
    const field = named(name);
    return field && field.checkVisibility() ? field.type || field.tagName.toLowerCase() : '';
}"""


class Hand:
    """`accounts` are given accounts by key; `signer` is what an undertaking is accepted by when the answer names none.

    `sheet(rows)` makes the spreadsheet of a sheet field, as bytes.
    """

    def __init__(
        self,
        page: Page,
        institution_id: int,
        folder: Path,
        accounts: Mapping[str, int] | None = None,
        sheet: Callable[[str, list[Any]], bytes] | None = None,
    ) -> None:
        self.page, self.institution_id, self.folder = page, institution_id, folder
        # The form with the decision; a page may hold others, with fields of the same names.
        self.form = page.locator('form#decide, form:has(button[name="decision"])').first
        self.accounts = dict(accounts or {})
        self.sheet = sheet

    def fill(self, answers: Mapping[str, Any], prefix: str = "") -> None:
        """Fill in one answer after the other; what is hidden until an earlier answer appears by then."""
        for key, value in answers.items():
            self._one(f"{prefix}{key}", value)

    def _one(self, name: str, value: Any) -> None:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                self._settle()
                while self.form.locator(f'[name^="{name}-{index}-"]').count() == 0:
                    self.form.locator(f'button[name="add-{name}"]').click()
                    self.form.locator(f'[name^="{name}-{index}-"]').first.wait_for()
                    self._settle()
                self.fill(row, f"{name}-{index}-")
            return
        kind = self._kind(name)
        field = self.form.locator(f'[name="{name}"]').first
        if kind == "upload":
            paths = [self._file(str(item)) for item in value]
            self.form.locator(f'input[type="file"][name="{name}-new"]').set_input_files(paths)
        elif kind == "search":
            self._search(name, str(value))
        elif kind in ("radio", "checkbox"):
            wanted = value if isinstance(value, list) else ["y" if value is True else str(value)]
            for item in wanted if value is not False else []:
                self._tick(self.form.locator(f'[name="{name}"][value="{item}"]'))
        elif kind.startswith("select"):
            field.select_option(self._id(value))
        else:
            field.fill(str(value))
            field.blur()
        self._settle()

    def _kind(self, name: str) -> str:
        """What a field is, once it is there: the questions in one, as each is a way to the browser and back."""
        kind: str = self.form.evaluate(KIND, name)
        if not kind:
            self.form.locator(f'[name="{name}"]').first.wait_for()
            kind = self.form.evaluate(KIND, name)
        return kind

    def _tick(self, choice: Locator) -> None:
        choice.evaluate("node => node.checked || node.click()")
        self._settle()
        if not choice.evaluate("node => node.checked"):
            expect(choice).to_be_checked()

    def _settle(self) -> None:
        """Dependent fields are there once no request is on its way."""
        if self.page.evaluate("document.querySelector('.htmx-request') !== null"):
            expect(self.page.locator(".htmx-request")).to_have_count(0)

    def _search(self, name: str, typed: str) -> None:
        """A person or an account is looked up and picked from what was found."""
        wanted = self._id(typed)
        self.form.locator(f'[name="{name}-query"]').fill(self._typed(typed))
        self.form.locator(f'[name="{name}-query"]').blur()
        chosen = self.form.locator(f'input[type="hidden"][name="{name}"][value="{wanted}"]')
        pick = self.form.locator(f'[name="{name}-pick"][value="{wanted}"]')
        chosen.or_(pick).first.wait_for(state="attached")
        if pick.count():
            pick.evaluate("node => node.click()")
        chosen.wait_for(state="attached")

    def _typed(self, value: str) -> str:
        """What a person types to find it: a login as it is, an account by its filing number."""
        if value not in self.accounts:
            return value
        from webapp.registry.models import Account

        account = db.session.get(Account, self.accounts[value])
        assert account is not None
        number = account.filing_number
        db.session.rollback()
        return number

    def _id(self, value: Any) -> str:
        if value in self.accounts:
            return str(self.accounts[value])
        unit = unit_by_code(self.institution_id, str(value))
        person = user_by_name(str(value))
        found = str(unit.id) if unit else str(person.id) if person else str(value)
        db.session.rollback()
        return found

    def _file(self, name: str) -> str:
        path = self.folder / name
        path.write_bytes(PNG if name.endswith(".png") else PDF)
        return str(path)
