"""What a verification finds wrong."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Problem:
    """One thing that doesn't agree; `seq` is the event it was found at, None when it isn't about one event.

    `rule` is a short key such as "leaf", "gap", "root"; the sentences are for people.
    """

    seq: int | None
    rule: str
    sentence: str
    sentence_en: str


# A log rewritten from its start would give a problem for each event; nobody reads more than these.
MOST_SHOWN = 200


@dataclass
class Report:
    """The result of `verify`. `root` is hex; `covered` is the size of the last sound checkpoint kept here."""

    institution_id: int
    events: int = 0
    erased: int = 0
    checkpoints: int = 0
    covered: int = 0
    root: str = ""
    found: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong."""
        return self.found == 0

    def add(self, problem: Problem) -> None:
        """Count a problem and keep the first `MOST_SHOWN`."""
        self.found += 1
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(problem)

    def note(self, seq: int | None, rule: str, zh: str, en: str) -> None:
        """Add a problem from its clauses; both become sentences that name the event."""
        if seq is None:
            self.add(Problem(None, rule, f"{zh}。", f"{en[0].upper()}{en[1:]}."))
        else:
            self.add(Problem(seq, rule, f"第 {seq} 号事件：{zh}。", f"Event {seq}: {en}."))

    def sentence(self, locale: str = "zh") -> str:
        """The result in one sentence, in Chinese ("zh...") or English."""
        if locale.startswith("zh"):
            state = "连续，未见改动" if self.ok else f"发现 {self.found} 处不符"
            return f"共 {self.events} 条事件，{self.checkpoints} 个检查点，{self.erased} 条已删除个人信息：{state}。"
        state = "unbroken, no change found" if self.ok else f"{self.found} things don't agree"
        return (
            f"{self.events} events, {self.checkpoints} checkpoints, {self.erased} with personal fields erased: {state}."
        )
