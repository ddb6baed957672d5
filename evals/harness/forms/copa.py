"""COPA (Roemmele et al. 2011; SuperGLUE): which of two sentences is the cause or the effect of a third."""

from collections.abc import Iterable, Iterator

from evals.harness.forms.row import Record, Row, choice, lettered

_ASKED = ("What was the cause of this?", "What happened as a result?")


def rows(records: Iterable[Record]) -> Iterator[Row]:
    """Columns `premise`, `choice1`, `choice2`, `question` (cause or effect), `label` (0 or 1)."""
    for record in records:
        options = [record.text("choice1"), record.text("choice2")]
        asked = _ASKED[record.one_of("question", {"cause": 0, "effect": 1})]
        prompt = f"{record.text('premise')} {asked}\n{lettered(options)}\nAnswer with the letter."
        right = record.one_of("label", {0: 0, 1: 1})
        yield choice(record, "copa", prompt, (("A", options[0]), ("B", options[1])), right)
