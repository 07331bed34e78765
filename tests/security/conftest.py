from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.security.places import Places, build, key_file


@pytest.fixture
def places(kept: Callable[[Callable[[], Places]], Places]) -> Places:
    """Something of everything in both institutions."""
    made = kept(build)
    file = key_file()
    file.write_text(made.signing_key)
    file.chmod(0o600)
    return made
