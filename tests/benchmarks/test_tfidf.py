"""The baseline of counted words, against values worked by hand and the condition of a minimum."""

import pytest
import torch

from alignment.preferences import Comparison, Message
from benchmarks.tfidf import Terms, fit, heldout_accuracy


def comparison(chosen: str, rejected: str) -> Comparison:
    prompt = (Message(role="user", content="hello"),)
    return Comparison(id="1", prompt=prompt, chosen=chosen, rejected=rejected, rater="", source="file")


def test_weights_of_terms_worked_by_hand() -> None:
    """Of 3 texts `red` is in 2 and `dog` in 1: idf 1 + ln(4/3) and 1 + ln 2; `red` is there twice: tf 1 + ln 2."""
    terms = Terms(["red cat", "red red dog", "blue cat"], longest=1, min_texts=1)
    row = terms.rows(["Red red DOG, a."]).to_dense()[0]
    found = {term: float(row[column]) for term, column in terms.column.items()}
    assert found == pytest.approx({"blue": 0.0, "cat": 0.0, "dog": 0.61336, "red": 0.78981}, abs=1e-5)


def test_a_term_of_two_words_is_one_that_stands_in_enough_texts() -> None:
    terms = Terms(["the red cat", "a red cat", "the cat"], longest=2, min_texts=2)
    assert sorted(terms.column) == ["cat", "red", "red cat", "the"]
    assert terms.rows(["nothing known"]).to_dense().abs().sum() == 0


def test_the_weights_are_at_the_minimum() -> None:
    """There the gradient is zero: w = C Σ sigmoid(-w · d) d."""
    generator = torch.Generator().manual_seed(0)
    differences = torch.randn(40, 7, generator=generator, dtype=torch.float64)
    weights = fit(differences.to_sparse(), strength=2.0)
    pulls = torch.sigmoid(-(differences @ weights))
    torch.testing.assert_close(weights, 2.0 * differences.T @ pulls, rtol=0, atol=1e-4)


def test_a_word_that_people_prefer_is_found() -> None:
    train = [comparison(f"thanks word{n} and more", f"never word{n} and more") for n in range(20)]
    heldout = [comparison("many thanks", "never mind"), comparison("never", "thanks"), comparison("one", "other")]
    found = heldout_accuracy(train, heldout)
    assert (found.value, found.n) == (pytest.approx(0.5), 3)
