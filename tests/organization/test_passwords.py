"""Stored passwords: salted, slow to try, and nothing told by the time an answer takes."""

from __future__ import annotations

import pytest

from webapp.organization.passwords import hash_password, verify_password


def test_the_same_password_is_stored_differently_each_time() -> None:
    first, second = hash_password("密码 one"), hash_password("密码 one")
    assert first != second
    assert first.startswith("$argon2id$")
    assert "密码" not in first
    assert verify_password(first, "密码 one")
    assert verify_password(second, "密码 one")


@pytest.mark.parametrize("stored", [None, "", "plain text", "$argon2id$v=19$broken"])
def test_who_has_no_password_or_a_broken_one_never_gets_in(stored: str | None) -> None:
    for tried in ("", "plain text", "nobody has this password", stored or ""):
        assert not verify_password(stored, tried)


def test_a_wrong_password_does_not_get_in() -> None:
    stored = hash_password("beian-demo")
    for tried in ("", "Beian-demo", "beian-demo ", "beian-dem", "beian-demo\x00", stored):
        assert not verify_password(stored, tried)


def test_somebody_unknown_costs_as_much_as_a_wrong_password(verifications: list[str]) -> None:
    stored = hash_password("beian-demo")
    for found in (stored, None, ""):
        assert not verify_password(found, "wrong")
    costs = {tuple(hashed.split("$")[1:4]) for hashed in verifications}
    assert len(verifications) == 3
    assert costs == {tuple(stored.split("$")[1:4])}
