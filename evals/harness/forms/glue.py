"""The rest of GLUE (Wang et al. 2018) and SuperGLUE (Wang et al. 2019): a text or two, and a label that is 0, 1 or 2.

STS-B has no form here: it asks for a degree, and is scored by correlation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from evals.chat import asked
from evals.harness.forms.row import Record, Row, choice

_NO_YES = (("no", "false"), ("yes", "true"))
_YES_NO = tuple(reversed(_NO_YES))
_FALSE_TRUE = (("false", "no"), ("true", "yes"))
_INFERENCE = (("true", "yes"), ("neither", "unknown", "not stated", "does not say"), ("false", "no"))
_ENTAILS = "{premise}\n\nFrom this text alone, is it true that: {hypothesis}\nAnswer with true, false or neither."


@dataclass(frozen=True, slots=True)
class Form:
    """How a set is asked.

    Attributes:
        question: With columns in braces.
        options: By label, the forms in which an answer may say it.
    """

    question: str
    options: Sequence[Sequence[str]]


GLUE: Mapping[str, Form] = {
    "cola": Form("Is this sentence good English: {sentence}\nAnswer with yes or no.", _NO_YES),
    "sst2": Form(
        "{sentence}\n\nIs this review positive or negative? Answer with one word.",
        (("negative", "bad"), ("positive", "good")),
    ),
    "mrpc": Form("{sentence1}\n{sentence2}\n\nDo both sentences say the same? Answer with yes or no.", _NO_YES),
    "qqp": Form("{question1}\n{question2}\n\nDo both questions ask the same? Answer with yes or no.", _NO_YES),
    "mnli_matched": Form(_ENTAILS, _INFERENCE),
    "mnli_mismatched": Form(_ENTAILS, _INFERENCE),
    "qnli": Form("{sentence}\n\nDoes this text answer the question: {question}\nAnswer with yes or no.", _YES_NO),
    "wnli": Form(
        "{sentence1}\n\nFrom this text alone, is it true that: {sentence2}\nAnswer with true or false.",
        _FALSE_TRUE,
    ),
}

SUPERGLUE: Mapping[str, Form] = {
    "wic": Form(
        '1. {sentence1}\n2. {sentence2}\n\nDoes the word "{word}" mean the same in both sentences? '
        "Answer with yes or no.",
        _NO_YES,
    ),
    "wsc": Form('{text}\n\nDoes "{span2_text}" stand for "{span1_text}" in this text? Answer with yes or no.', _NO_YES),
    "multirc": Form(
        "{paragraph}\n\nQuestion: {question}\nProposed answer: {answer}\n\nIs the proposed answer right? "
        "Answer with yes or no.",
        _NO_YES,
    ),
}


def rows(name: str, form: Form) -> Callable[[Iterable[Record]], Iterator[Row]]:
    """Reads the columns that the question names, and `label`."""
    columns = [column for _, column, _, _ in Formatter().parse(form.question) if column is not None]
    labels = {place: place for place in range(len(form.options))}

    def read(records: Iterable[Record]) -> Iterator[Row]:
        for record in records:
            question = form.question.format_map({column: record.text(column) for column in columns})
            yield choice(record, name, question, form.options, record.one_of("label", labels))

    return read


def record(records: Iterable[Record]) -> Iterator[Row]:
    """ReCoRD (Zhang et al. 2018), columns `passage`, `query` with `@placeholder`, `answers`: which name is missing."""
    for row in records:
        answers, query = row.fields.get("answers"), row.text("query")
        if not isinstance(answers, list) or not answers or not all(isinstance(text, str) for text in answers):
            raise row.wrong("answers", "a list of texts")
        if "@placeholder" not in query:
            raise row.wrong("query", "text with @placeholder")
        passage = row.text("passage").replace("@highlight", "-")
        blank = query.replace("@placeholder", "_____")
        prompt = f"{passage}\n\n{blank}\nWhich name belongs in the blank? Answer with the name alone."
        id_ = f"record-{row.place}"
        yield Row(id_, asked(prompt), {"targets": answers}, id_)
