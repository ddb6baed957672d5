"""The rest of GLUE (Wang et al. 2018) and SuperGLUE (Wang et al. 2019): a text or two, and mostly a label of few."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter

from evals.chat import asked
from evals.harness.forms.row import Record, Row, choice

_NO_YES = (("no", "false"), ("yes", "true"))
_YES_NO = tuple(reversed(_NO_YES))
_FALSE_TRUE = (("false", "no"), ("true", "yes"))
_TRUE_FALSE = tuple(reversed(_FALSE_TRUE))
_INFERENCE = (("true", "yes"), ("neither", "unknown", "not stated", "does not say"), ("false", "no"))
_ENTAILS = "{premise}\n\nFrom this text alone, is it true that: {hypothesis}\nAnswer with true, false or neither."
_FOLLOWS = "{text}\n\nFrom this text alone, is it true that: {claim}\nAnswer with true or false."


@dataclass(frozen=True, slots=True)
class Form:
    """How a set is asked.

    Attributes:
        question: With columns in braces.
        options: By label, the forms in which an answer may say it.
        kind: The file in `tasks` with the set's own metrics.
        part: Of the set, that has labels.
    """

    question: str
    options: Sequence[Sequence[str]]
    kind: str = "choice"
    part: str = "validation"


GLUE: Mapping[str, Form] = {
    "cola": Form("Is this sentence good English: {sentence}\nAnswer with yes or no.", _NO_YES, "matthews"),
    "sst2": Form(
        "{sentence}\n\nIs this review positive or negative? Answer with one word.",
        (("negative", "bad"), ("positive", "good")),
    ),
    "mrpc": Form(
        "{sentence1}\n{sentence2}\n\nDo both sentences say the same? Answer with yes or no.", _NO_YES, "paraphrase"
    ),
    "qqp": Form(
        "{question1}\n{question2}\n\nDo both questions ask the same? Answer with yes or no.", _NO_YES, "paraphrase"
    ),
    "mnli_matched": Form(_ENTAILS, _INFERENCE, part="validation_matched"),
    "mnli_mismatched": Form(_ENTAILS, _INFERENCE, part="validation_mismatched"),
    "qnli": Form("{sentence}\n\nDoes this text answer the question: {question}\nAnswer with yes or no.", _YES_NO),
    "wnli": Form(_FOLLOWS.format(text="{sentence1}", claim="{sentence2}"), _FALSE_TRUE),
}

SUPERGLUE: Mapping[str, Form] = {
    "wic": Form(
        '1. {sentence1}\n2. {sentence2}\n\nDoes the word "{word}" mean the same in both sentences? '
        "Answer with yes or no.",
        _NO_YES,
    ),
    "wsc": Form('{text}\n\nDoes "{span2_text}" stand for "{span1_text}" in this text? Answer with yes or no.', _NO_YES),
    "axb": Form(_FOLLOWS.format(text="{sentence1}", claim="{sentence2}"), _TRUE_FALSE, "matthews", "test"),
    "axg": Form(_FOLLOWS.format(text="{premise}", claim="{hypothesis}"), _TRUE_FALSE, part="test"),
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


def multirc(records: Iterable[Record]) -> Iterator[Row]:
    """MultiRC (Khashabi et al. 2018), columns `paragraph`, `question`, `answer`, `label`, and `idx` with its numbers.

    Proposed answers to one question, of which several may be right, are a group.
    """
    for row in records:
        paragraph, question, answer = (row.text(name) for name in ("paragraph", "question", "answer"))
        idx = row.fields.get("idx")
        if not isinstance(idx, dict) or not {"paragraph", "question"} <= idx.keys():
            raise row.wrong("idx", "an object with the numbers of paragraph and question")
        prompt = (
            f"{paragraph}\n\nQuestion: {question}\nProposed answer: {answer}\n\n"
            "Is the proposed answer right? Answer with yes or no."
        )
        asked_for = choice(row, "multirc", prompt, _NO_YES, row.one_of("label", {0: 0, 1: 1}))
        yield replace(asked_for, group=f"multirc-{idx['paragraph']}-{idx['question']}")


def stsb(records: Iterable[Record]) -> Iterator[Row]:
    """STS-B (Cer et al. 2017), columns `sentence1`, `sentence2`, and `label`: how alike they are, from 0 to 5."""
    for row in records:
        first, second, degree = row.text("sentence1"), row.text("sentence2"), row.fields.get("label")
        if isinstance(degree, bool) or not isinstance(degree, int | float) or not 0 <= degree <= 5:
            raise row.wrong("label", "a number from 0 to 5")
        prompt = (
            f"1. {first}\n2. {second}\n\nHow alike is what the two sentences say, from 0 (not at all) to 5 (the same)? "
            "Answer with a number."
        )
        id_ = f"stsb-{row.place}"
        yield Row(id_, asked(prompt), {"degree": degree}, id_)


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
