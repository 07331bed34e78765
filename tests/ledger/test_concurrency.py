"""Many writers at once: no gap, no fork, no deadlock; and readers who see one state while others write."""

import io
import json
import threading
import zipfile
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from webapp.ledger import Signer, append_collected, checkpoint, erase, export, record, stream, verifier, verify

WRITERS, EACH = 6, 25


def write(engine: Engine, institution_ids: tuple[int, ...], label: str) -> None:
    with Session(engine) as session:
        session.connection(execution_options={"write": True})
        for institution_id in institution_ids:
            record(
                session,
                institution_id=institution_id,
                action="workflow:task:completed",
                actor_id=None,
                actor_label=label,
                object_type="task",
                object_id=label,
                kept={"by": label},
                erasable={"opinion": "同意"},
            )
        append_collected(session)
        session.commit()


def together(*jobs: Callable[[], None]) -> list[BaseException]:
    """Start all jobs at one barrier; what they raised."""
    barrier, raised = threading.Barrier(len(jobs)), list[BaseException]()

    def run(job: Callable[[], None]) -> None:
        barrier.wait()
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - handed to the test, which fails on any
            raised.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_writers_at_once_leave_one_line_without_gaps(engine: Engine, session: Session) -> None:
    def writer(number: int) -> Callable[[], None]:
        def run() -> None:
            for n in range(EACH):
                # Every other writer writes to two logs, named in the opposite order.
                write(engine, (1, 2) if number % 2 else (2, 1), f"{number}.{n}")

        return run

    assert together(*(writer(number) for number in range(WRITERS))) == []
    for institution_id in (1, 2):
        report = verify(session, institution_id)
        assert (report.ok, report.events) == (True, WRITERS * EACH)
        told = [event.actor_label for event in stream(session, institution_id)]
        assert len(set(told)) == WRITERS * EACH
        for number in range(WRITERS):
            own = [label for label in told if label.startswith(f"{number}.")]
            assert own == [f"{number}.{n}" for n in range(EACH)]


def test_verifying_exporting_and_signing_while_others_write_raise_no_false_alarm(
    engine: Engine, session: Session, signer: Signer
) -> None:
    write(engine, (1,), "first")
    stop = threading.Event()

    def keep_writing() -> None:
        number = 0
        while not stop.is_set() and number < 400:
            number += 1
            write(engine, (1,), f"w{number}")
            if number % 3 == 0:
                with Session(engine) as own:
                    own.connection(execution_options={"write": True})
                    erase(own, institution_id=1, seqs=[number], reason="期满", actor_id=None, actor_label="timer")
                    append_collected(own)
                    own.commit()

    def read() -> None:
        try:
            for _ in range(8):
                session.connection(execution_options={"write": True})
                checkpoint(session, 1, signer)
                session.commit()
                assert verify(session, 1).problems == []
                session.rollback()
                target = io.BytesIO()
                export(session, 1, target)
                session.rollback()
                with zipfile.ZipFile(target) as bundle:
                    header = json.loads(bundle.read("header.json"))
                    inside = [json.loads(line) for line in bundle.read("checkpoints.jsonl").splitlines()]
                    result = verifier.check(header, bundle.read("events.jsonl").splitlines(), inside, inside[-1:])
                assert result.problems == []
        finally:
            stop.set()

    assert together(keep_writing, read) == []
