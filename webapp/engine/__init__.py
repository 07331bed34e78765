"""The engine room: diagrams, expressions and decision tables; knows neither the web nor the database.

The only package that imports SpiffWorkflow. `build` a definition from a pack's files, `Run.start` a case on it,
`dump` and `load` what is open of it.
"""

from webapp.engine.decision_tables import DecisionTable
from webapp.engine.definition import Definition, DefinitionCache, assemble, build
from webapp.engine.elements import Element, SequenceFlow
from webapp.engine.errors import (
    BudgetExceeded,
    DecisionError,
    DefinitionError,
    EngineError,
    FeelError,
    FeelSyntaxError,
    Finding,
    OperationError,
    RestartRefused,
    StoreFormatError,
)
from webapp.engine.operations import OperationSpec
from webapp.engine.restart import is_opinion_block
from webapp.engine.store import dump, load, stored_definition
from webapp.engine.targets import return_targets
from webapp.engine.workflow import ArmedTimer, Environment, OpenTask, Passed, Run

__all__ = [
    "ArmedTimer",
    "BudgetExceeded",
    "DecisionError",
    "DecisionTable",
    "Definition",
    "DefinitionCache",
    "DefinitionError",
    "Element",
    "EngineError",
    "Environment",
    "FeelError",
    "FeelSyntaxError",
    "Finding",
    "OpenTask",
    "OperationError",
    "OperationSpec",
    "Passed",
    "RestartRefused",
    "Run",
    "SequenceFlow",
    "StoreFormatError",
    "assemble",
    "build",
    "dump",
    "is_opinion_block",
    "load",
    "return_targets",
    "stored_definition",
]
