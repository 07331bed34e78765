"""What a diagram may ask the outside for: the operations a service task can name in camunda:topic."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OperationSpec:
    """The declaration of one operation.

    `name`: what camunda:topic says, such as "registry.register_account"; `inputs`: each input's name and whether it
    is required; `repeatable`: running it twice does no harm, so that a case may be returned to a step before it.
    """

    name: str
    inputs: Mapping[str, bool]
    repeatable: bool
    summary: str

    @property
    def required(self) -> frozenset[str]:
        """Names of the inputs a service task must give."""
        return frozenset(name for name, required in self.inputs.items() if required)

    @property
    def signature(self) -> tuple[str, bool, tuple[tuple[str, bool], ...]]:
        """A hashable value that is equal for equal declarations, the summary left out."""
        return self.name, self.repeatable, tuple(sorted(self.inputs.items()))


Operations = Mapping[str, OperationSpec]
