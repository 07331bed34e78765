"""The one error of this package."""


class WorkdaysError(ValueError):
    """A deadline that can't be reckoned; `sentence` says so in Chinese, `sentence_en` in English."""

    def __init__(self, sentence: str, sentence_en: str) -> None:
        super().__init__(sentence_en)
        self.sentence = sentence
        self.sentence_en = sentence_en
