"""Working on a short passage: questions (with *not stated*), summaries, keywords."""

from __future__ import annotations

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


def passage_question(rng: Random) -> Script:
    """Some sentences, then a question; one in four is not answered by them."""
    text, answered, other = _passage(rng)
    stated = rng.random() < 0.75
    question = answered if stated else other
    prompt = rng.choice(_READ).format(text=text, asked=question.asked)
    answer, short, right = (
        (question.answer, question.short, question.right)
        if stated
        else ("The text does not say that.", "Not stated.", "does not say")
    )
    return [
        Exchange(
            "passage question" if stated else "not stated",
            "task",
            prompt,
            answer,
            short,
            expects=(right,),
            about=(question.answer.split()[0], "not stated", "does not say"),
            verbatim=(text,),
            key=prompt,
        )
    ]


def _passage(rng: Random) -> tuple[str, Question, Question]:
    """Return a text, a question that it answers and one that it does not."""
    if rng.random() < 0.35:
        looked_up = lookup(rng)
        return looked_up.text, looked_up.stated, looked_up.other
    sentences, other = scene(rng, rng.choice((1, 2, 2, 3)))
    return " ".join(sentence.text for sentence in sentences), rng.choice(rng.choice(sentences).questions), other


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
