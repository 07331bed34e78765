"""The ledger: one append-only log of events per institution, provable from outside.

Upper packages call `record` inside a transaction; the before-commit hook calls `append_collected` last.
"""

from .checkpoints import Signer, checkpoint, checkpoint_needed
from .erasure import erase
from .errors import LedgerError
from .events import append_collected, record
from .export import export
from .models import Checkpoint, Event, EventPayload, LedgerHead
from .problems import Problem, Report
from .queries import EventView, page, stream
from .triggers import create_triggers, drop_triggers, missing_triggers
from .verification import Fold, register_fold, verify

__all__ = [
    "Checkpoint",
    "Event",
    "EventPayload",
    "EventView",
    "Fold",
    "LedgerError",
    "LedgerHead",
    "Problem",
    "Report",
    "Signer",
    "append_collected",
    "checkpoint",
    "checkpoint_needed",
    "create_triggers",
    "drop_triggers",
    "erase",
    "export",
    "missing_triggers",
    "page",
    "record",
    "register_fold",
    "stream",
    "verify",
]
