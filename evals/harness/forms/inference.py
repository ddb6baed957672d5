"""RTE and CommitmentBank (Dagan et al. 2006; de Marneffe et al. 2019; SuperGLUE): does a text say that it is so?"""

from collections.abc import Iterable, Iterator

from evals.harness.forms.row import Record, Row, choice

_TRUE, _FALSE = ("true", "yes"), ("false", "no")
_NEITHER = ("neither", "unknown", "not stated", "does not say")


def rte(records: Iterable[Record]) -> Iterator[Row]:
    """Columns `premise`, `hypothesis`, `label`: entailment (0 on the hub) or not_entailment (1)."""
    for record in records:
        right = record.one_of("label", {"entailment": 0, "not_entailment": 1, 0: 0, 1: 1})
        yield choice(record, "rte", _prompt(record, "true or false"), (_TRUE, _FALSE), right)


def cb(records: Iterable[Record]) -> Iterator[Row]:
    """Columns `premise`, `hypothesis`, `label`: entailment (0), contradiction (1) or neutral (2)."""
    meanings = {"entailment": 0, "contradiction": 1, "neutral": 2, 0: 0, 1: 1, 2: 2}
    for record in records:
        prompt = _prompt(record, "true, false or neither")
        yield choice(record, "cb", prompt, (_TRUE, _FALSE, _NEITHER), record.one_of("label", meanings))


def _prompt(record: Record, answers: str) -> str:
    said = record.text("hypothesis").rstrip(".")
    return f"{record.text('premise')}\n\nFrom this text alone, is it true that: {said}?\nAnswer with {answers}."
