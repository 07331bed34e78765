"""The error of the ledger."""

from webapp.errors import BeianError


class LedgerError(BeianError):
    """What the ledger can't take or do; the sentence in Chinese and in English."""

    status = 500

    def __init__(self, sentence: str, sentence_en: str) -> None:
        super().__init__(sentence)
        self.sentence_en = sentence_en

    def __str__(self) -> str:
        return f"{self.sentence} {self.sentence_en}"
