"""Working on a short passage: questions (with *not stated*), summaries, keywords."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from models.recipe.corpus.conversation import Exchange, Script
from models.recipe.corpus.lookups import lookup
from models.recipe.corpus.scenes import Question, scene
from models.recipe.corpus.tables import lines

_READ = ("{text}\n{asked}", "{text}\n\n{asked}", "Read this: {text}\n{asked}", "Text: {text}\nQuestion: {asked}", "{text} {asked}",
         "Here is a text: {text} {asked}", "{asked}\n{text}", "Answer from the text. {text} {asked}")  # fmt: skip
_SUMMARISE = lines("""
Summarise this: {text}
Summarize this: {text}
Summarise this text: {text}
Give me a summary: {text}
Sum this up: {text}
Give a short summary of this text: {text}
Can you summarize this? {text}
Summary, please: {text}
Say this in one sentence: {text}
What is the main point? {text}
tl;dr: {text}
""")
_KEYWORDS = lines("""
Keywords: {text}
Give me the keywords of this text: {text}
What are the keywords? {text}
List the keywords: {text}
Find the keywords in this: {text}
Which are the key words of this text? {text}
Extract the keywords: {text}
""")


_NEXT = (
    "{asked}",
    "{asked}",
    "{asked}",
    "And one more question: {asked}",
    "Next question: {asked}",
    "From the same text: {asked}",
)
_QUESTIONS = ((1, 2, 3, 4), (40, 25, 20, 15))


def passage_question(rng: Random) -> Script:
    """Some sentences, then one to four questions; one in four is not answered by them."""
    text, answered, others = _passage(rng)
    size = rng.choices(_QUESTIONS[0], weights=_QUESTIONS[1])[0]
    drawn = [(question, True) for question in rng.sample(answered, min(size, len(answered)))]
    left = rng.sample(others, len(others))
    for number in range(len(drawn)):
        if left and rng.random() < 0.25:
            drawn[number] = (left.pop(), False)
    asked = [rng.choice(_READ if number == 0 else _NEXT) for number in range(len(drawn))]
    return [
        _asked(text, question, stated, prompt.format(text=text, asked=question.asked))
        for prompt, (question, stated) in zip(asked, drawn, strict=True)
    ]


def _asked(text: str, question: Question, stated: bool, prompt: str) -> Exchange:
    answer, short, right = (
        (question.answer, question.short, question.right)
        if stated
        else ("The text does not say that.", "Not stated.", "does not say")
    )
    return Exchange(
        "passage question" if stated else "not stated",
        "task",
        prompt,
        answer,
        short,
        expects=(right,),
        about=(question.answer.split()[0], "not stated", "does not say"),
        verbatim=(text,) if text in prompt else (),
        key=f"{text} {question.asked}",
    )


def _passage(rng: Random) -> tuple[str, Sequence[Question], Sequence[Question]]:
    """Return a text, the questions that it answers and some that it does not."""
    if rng.random() < 0.35:
        looked_up = lookup(rng)
        return looked_up.text, looked_up.stated, looked_up.others
    sentences, others = scene(rng, rng.choice((1, 2, 2, 3)))
    text = " ".join(sentence.text for sentence in sentences)
    return text, [question for sentence in sentences for question in sentence.questions], others


def summary(rng: Random) -> Script:
    """Sum up: the first sentence carries the point, and is said shorter."""
    sentences, _ = scene(rng, rng.choice((1, 2, 2, 3)))
    text = " ".join(sentence.text for sentence in sentences)
    brief = sentences[0].brief
    return [
        Exchange(
            "summary",
            "task",
            rng.choice(_SUMMARISE).format(text=text),
            f"In short, {brief}",
            brief,
            expects=(brief,),
            about=(brief.split()[0],),
            verbatim=(text,),
            key=text,
        )
    ]


def keywords(rng: Random) -> Script:
    """Find the nouns of a text."""
    sentences, _ = scene(rng, rng.choice((1, 1, 2)))
    text = " ".join(sentence.text for sentence in sentences)
    listed = ", ".join(noun for sentence in sentences for noun in sentence.nouns)
    return [
        Exchange(
            "keywords",
            "task",
            rng.choice(_KEYWORDS).format(text=text),
            f"The keywords are: {listed}.",
            f"{listed}.",
            expects=(listed,),
            about=("keywords are",),
            verbatim=(text,),
            key=text,
        )
    ]
