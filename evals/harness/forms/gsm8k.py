"""GSM8K (Cobbe et al. 2021): sums in words; the number behind `####` is the answer."""

from collections.abc import Iterable, Iterator

from evals.chat import asked
from evals.harness.forms.row import Record, Row


def rows(records: Iterable[Record]) -> Iterator[Row]:
    """Columns `question` and `answer`."""
    for record in records:
        _, mark, number = record.text("answer").rpartition("####")
        if not mark or not number.strip():
            raise record.wrong("answer", "text that ends with #### and a number")
        prompt = f"{record.text('question')}\nWork it out step by step, and end with the number alone."
        id_ = f"gsm8k-{record.place}"
        yield Row(id_, asked(prompt), {"targets": [number.strip().replace(",", "")]}, id_)
