"""FLORES-200 (NLLB team 2022): the same sentences in many languages, a line each."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from evals.chat import asked
from evals.errors import UnusableTask
from evals.harness.forms import files
from evals.harness.forms.hub import FromHub, Load
from evals.harness.forms.row import Record, Row
from evals.lines import lines_of

LANGUAGES = {
    "eng": ("eng_Latn", "English"),
    "deu": ("deu_Latn", "German"),
    "fra": ("fra_Latn", "French"),
    "spa": ("spa_Latn", "Spanish"),
    "zho": ("zho_Hans", "Chinese"),
}
"""By short name: the file's name and what the language is called in a prompt."""


def records(source: str, target: str) -> files.Records:
    """Reads two languages of `flores`, by their short names; devtest if it is there, else dev."""

    def read(folder: Path) -> Iterator[Record]:
        sides = []
        for language in (source, target):
            code = LANGUAGES[language][0]
            [path, *_] = files.found(folder, f"flores/devtest/{code}.devtest", f"flores/dev/{code}.dev")
            sides.append((path, lines_of(files.text(path))))
        (first, given), (second, wanted) = sides
        if len(given) != len(wanted) or first.suffix != second.suffix:
            raise UnusableTask(
                f"{first} has {len(given)} lines and {second} has {len(wanted)}: they must be the same sentences."
            )
        yield from _pairs(source, target, given, wanted, str(first.relative_to(folder)))

    return read


def from_hub(source: str, target: str) -> FromHub:
    """The same from `facebook/flores`, whose configurations are languages with a column `sentence`."""

    def read(load: Load) -> Iterator[Record]:
        name = "facebook/flores"
        given, wanted = (
            [Record(row, name, language).text("sentence") for row in load(name, LANGUAGES[language][0], "devtest")]
            for language in (source, target)
        )
        yield from _pairs(source, target, given, wanted, name)

    return read


def rows(sentences: Iterable[Record]) -> Iterator[Row]:
    """From the pairs of sentences to rows."""
    for record in sentences:
        language = LANGUAGES[record.text("target")][1]
        prompt = f"Translate this into {language}, and write the translation alone:\n{record.text('given')}"
        id_ = f"flores-{record.place}"
        yield Row(id_, asked(prompt), {"targets": [record.text("wanted")]}, id_)


def _pairs(source: str, target: str, given: Iterable[str], wanted: Iterable[str], name: str) -> Iterator[Record]:
    for number, (sentence, translation) in enumerate(zip(given, wanted, strict=True), start=1):
        fields = {"source": source, "target": target, "given": sentence, "wanted": translation}
        yield Record(fields, name, f"line {number}, {source}-{target}")
