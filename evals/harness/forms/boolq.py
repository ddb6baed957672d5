"""BoolQ (Clark et al. 2019; SuperGLUE): a passage and a question that is answered with yes or no."""

from collections.abc import Iterable, Iterator

from evals.harness.forms.row import Record, Row, choice

_OPTIONS = (("yes", "true"), ("no", "false"))


def rows(records: Iterable[Record]) -> Iterator[Row]:
    """Columns `passage`, `question`, `label`: true, 1 or "True" is yes."""
    for record in records:
        right = record.one_of("label", {True: 0, False: 1, "True": 0, "False": 1, "true": 0, "false": 1})
        question = record.text("question").rstrip("?") + "?"
        prompt = f"{record.text('passage')}\n\nQuestion: {question[0].upper()}{question[1:]}\nAnswer with yes or no."
        yield choice(record, "boolq", prompt, _OPTIONS, right)
