"""XSTest (Röttger et al. 2024): harmless prompts that sound harmful, and harmful ones that look like them."""

from collections.abc import Iterable, Iterator

from evals.chat import asked
from evals.harness.forms.row import Record, Row


def rows(records: Iterable[Record]) -> Iterator[Row]:
    """Columns `prompt` and `label` (safe or unsafe); without `label`, a `type` that begins with contrast_ is unsafe."""
    for record in records:
        if "label" in record.fields:
            safe = record.one_of("label", {"safe": 1, "unsafe": 0}) == 1
        else:
            safe = not record.text("type").startswith("contrast_")
        id_ = f"xstest-{record.place}"
        yield Row(id_, asked(record.text("prompt")), {"safe": safe}, id_)
