"""The offline verifier on an exported bundle: what it accepts, what it finds, what it admits it can't see.

`LEDGER_MUTATIONS=10000` runs the full number of forgeries.
"""

import ast
import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.ledger.forging import KINDS, Bundle, cover_traces, forge
from webapp.ledger import Signer, append_collected, checkpoint, erase, export, verifier, verify

Tell = Callable[..., None]
MUTATIONS = int(os.environ.get("LEDGER_MUTATIONS", "1500"))
VERIFIER = Path(verifier.__file__)


@pytest.fixture
def exported(session: Session, tell: Tell, signer: Signer) -> bytes:
    """17 events, two checkpoints (at 6 and 13), one erasure before and one after the second."""
    tell(4)
    tell(1, actor_id=None, actor_label="timer", erasable={}, deployment_hash="ab" * 32, on_behalf_of=9)
    erase(session, institution_id=1, seqs=[2], reason="本人申请", actor_id=2, actor_label="赵老师")
    append_collected(session)
    checkpoint(session, 1, signer)
    tell(7, task_id=5)
    checkpoint(session, 1, signer)
    tell(3)
    erase(session, institution_id=1, seqs=[3, 9], reason="保存期满", actor_id=2, actor_label="赵老师")
    append_collected(session)
    session.commit()
    assert verify(session, 1).ok
    target = io.BytesIO()
    assert export(session, 1, target, institution="温职院") == 17
    return target.getvalue()


def unpacked(content: bytes) -> Bundle:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        lines = [json.loads(line) for line in bundle.read("events.jsonl").splitlines()]
        inside = [json.loads(line) for line in bundle.read("checkpoints.jsonl").splitlines()]
        return Bundle(json.loads(bundle.read("header.json")), lines, inside, [dict(inside[-1])])


@pytest.fixture
def bundle(exported: bytes) -> Bundle:
    return unpacked(exported)


def test_an_exported_bundle_is_accepted_on_both_databases(bundle: Bundle) -> None:
    result = bundle.check()
    assert result.problems == []
    assert (result.events, result.erased, result.covered) == (17, 3, 13)
    assert result.root == bundle.header["root"]


def test_every_single_forgery_before_the_kept_checkpoint_is_found(bundle: Bundle, signer: Signer) -> None:
    chance = random.Random(20260302)
    for number in range(MUTATIONS // 2):
        kind = KINDS[number % len(KINDS)]
        forged = forge(bundle, kind, chance, signer)
        assert forged.check().problems, f"forgery {number} ({kind}) passed"


def test_a_log_rewritten_as_a_whole_passes_only_without_a_checkpoint_kept_elsewhere(
    bundle: Bundle, signer: Signer
) -> None:
    forged = bundle.copied()
    forged.lines[3]["kept"] = {"tier": "1"}
    cover_traces(forged, signer)
    assert any("rewritten" in english for _, _, english in forged.check().problems)
    forged.outside = []
    result = forged.check()
    assert result.problems == []
    assert "would pass" in result.notes[0][1]


def test_what_comes_after_the_kept_checkpoint_is_said_to_be_uncovered(bundle: Bundle, signer: Signer) -> None:
    forged = bundle.copied()
    forged.lines[15]["kept"] = {"tier": "1"}
    cover_traces(forged, signer)
    result = forged.check()
    assert result.problems == []
    assert "The last 4 events" in result.notes[0][1]


def test_a_tail_cut_off_without_touching_the_header_is_found_even_after_the_checkpoint(bundle: Bundle) -> None:
    del bundle.lines[16]
    assert "the header doesn't follow from the events" in {english for _, _, english in bundle.check().problems}


def test_a_checkpoint_of_an_unknown_key_or_another_institution_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    stranger = Signer.from_file(tmp_path / "stranger.key").public_key.hex()
    result = verifier.check(
        bundle.header, [verifier.canonical(line) for line in bundle.lines], bundle.inside, keys=[stranger]
    )
    assert {english for _, _, english in result.problems} == {"the checkpoint is signed with an unknown key"}
    elsewhere = bundle.copied()
    elsewhere.header["institution_id"] = 2
    found = {english for _, _, english in elsewhere.check().problems}
    assert "it belongs to another institution" in found
    assert "the checkpoint doesn't belong to this log" in found


def test_other_spelling_of_the_same_values_is_found(bundle: Bundle) -> None:
    spaced = [json.dumps(line) for line in bundle.lines]
    assert verifier.check(bundle.header, spaced, bundle.inside, bundle.outside).problems


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    # -I: neither the working directory nor the environment can lend it our own modules.
    command = [sys.executable, "-I", str(cwd / "verifier.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, timeout=60)


def test_the_copy_in_the_bundle_runs_alone_and_answers_in_both_languages(exported: bytes, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(exported)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as packed:
        (tmp_path / "verifier.py").write_bytes(packed.read("verifier.py"))
    kept = unpacked(exported).outside[0]
    (tmp_path / "kept.json").write_text(json.dumps(kept, indent=2))
    done = run("bundle.zip", "--checkpoint", "kept.json", "--key", kept["public_key"], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "温职院",
        "17 events",
        "结论：未见改动",
        "Result: no change found",
        "最后 4 条",
        "What this can't show",
    ):
        assert words in done.stdout
    english = run("bundle.zip", "--lang", "en", cwd=tmp_path)
    assert english.returncode == 0
    assert "结论" not in english.stdout
    assert "would pass" in english.stdout


def test_a_forged_or_broken_file_ends_with_exit_code_one(exported: bytes, tmp_path: Path, signer: Signer) -> None:
    (tmp_path / "verifier.py").write_bytes(VERIFIER.read_bytes())
    forged = unpacked(exported)
    (tmp_path / "kept.jsonl").write_text("\n".join(json.dumps(one) for one in forged.inside))
    forged.lines[0]["kept"] = {"tier": "9"}
    cover_traces(forged, signer)
    with zipfile.ZipFile(tmp_path / "forged.zip", "w") as target:
        target.writestr("header.json", json.dumps(forged.header))
        target.writestr("events.jsonl", b"\n".join(verifier.canonical(line) for line in forged.lines))
        target.writestr("checkpoints.jsonl", b"\n".join(verifier.canonical(one) for one in forged.inside))
    found = run("forged.zip", "--checkpoint", "kept.jsonl", cwd=tmp_path)
    assert found.returncode == 1
    assert "第 6 号：与您保存的检查点不符" in found.stdout
    (tmp_path / "broken.zip").write_bytes(exported[:-200])
    (tmp_path / "empty.zip").write_bytes(b"")
    for name in ("broken.zip", "empty.zip", "absent.zip"):
        broken = run(name, cwd=tmp_path)
        assert (broken.returncode, broken.stderr) == (1, "")
        assert "无法读取" in broken.stdout
    (tmp_path / "good.zip").write_bytes(exported)
    (tmp_path / "kept.jsonl").write_text("not json")
    assert run("good.zip", "--checkpoint", "kept.jsonl", cwd=tmp_path).returncode == 1


def test_the_verifier_imports_nothing_of_ours_and_stays_readable() -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    imported = set()
    for part in ast.walk(ast.parse(source)):
        if isinstance(part, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, ast.ImportFrom):
            assert part.level == 0
            imported.add(str(part.module).split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    assert len(source.splitlines()) < 350
