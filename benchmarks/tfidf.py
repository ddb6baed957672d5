"""TF-IDF with logistic regression on comparisons: what counting words reaches, without a language model.

Weights of terms as in scikit-learn's TfidfVectorizer with `sublinear_tf`:

    tf(t, d) = 1 + ln count(t, d)        idf(t) = 1 + ln((1 + n) / (1 + df(t)))        rows scaled to length 1

and its LogisticRegression without an intercept (a comparison has no first answer), on the difference of both answers:

    min_w  |w|² / 2 + C Σ ln(1 + exp(-w · (x_chosen - x_rejected)))

This is strictly convex, so L-BFGS finds the one minimum. scikit-learn is not in the lock: nothing else would need it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from alignment.preferences import Comparison
from evals.statistics import Estimate, wilson

_WORD = re.compile(r"\b\w\w+\b")
_STEPS = 1000
_FLAT = 1e-4


class Terms:
    """The terms of some texts, and how much each weighs.

    Attributes:
        longest: Words of the longest term.
        column: Of each term.
        idf: (V,) float64.
    """

    def __init__(self, texts: Sequence[str], longest: int = 2, min_texts: int = 2) -> None:
        """Learns the terms that stand in at least `min_texts` of the texts."""
        self.longest = longest
        frequency = Counter(term for text in texts for term in set(self._terms(text)))
        kept = sorted(term for term, count in frequency.items() if count >= min_texts)
        self.column = {term: column for column, term in enumerate(kept)}
        counts = torch.tensor([frequency[term] for term in kept], dtype=torch.float64)
        self.idf = 1 + torch.log((1 + len(texts)) / (1 + counts))

    def rows(self, texts: Sequence[str]) -> Tensor:
        """The texts as sparse rows (N, V) of length 1, or 0 where a text has none of the terms."""
        places: list[tuple[int, int]] = []
        values: list[float] = []
        for row, text in enumerate(texts):
            counts = Counter(self.column[term] for term in self._terms(text) if term in self.column)
            weights = {column: (1 + math.log(n)) * float(self.idf[column]) for column, n in counts.items()}
            length = math.hypot(*weights.values())
            places += [(row, column) for column in weights]
            values += [weight / length for weight in weights.values()]
        indices = torch.tensor(places, dtype=torch.long).reshape(-1, 2).T
        size = (len(texts), len(self.column))
        weights_of_all = torch.tensor(values, dtype=torch.float64)
        return torch.sparse_coo_tensor(indices, weights_of_all, size, check_invariants=True).coalesce()

    def _terms(self, text: str) -> Iterator[str]:
        words = _WORD.findall(text.lower())
        for length in range(1, self.longest + 1):
            yield from (" ".join(words[start : start + length]) for start in range(len(words) - length + 1))


def fit(differences: Tensor, strength: float = 1.0) -> Tensor:
    """Returns the weights (V,) at the minimum, for C = `strength`.

    Args:
        differences: (N, V) sparse: of the chosen answers less the rejected ones.
        strength: C.

    Raises:
        ArithmeticError: The minimum was not reached.
    """
    weights = torch.zeros(differences.shape[1], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [weights], max_iter=_STEPS, tolerance_grad=_FLAT / 10, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def objective() -> Tensor:
        search.zero_grad()
        margins = torch.sparse.mm(differences, weights[:, None])
        loss = weights.square().sum() / 2 + strength * softplus(-margins).sum()
        loss.backward()
        return loss

    search.step(objective)
    objective()
    slope = float(weights.grad.abs().max()) if weights.grad is not None and len(weights) else 0.0
    if slope > _FLAT:
        raise ArithmeticError(f"the logistic regression has a slope of {slope:.1e} after {_STEPS} steps")
    return weights.detach()


def heldout_accuracy(train: Sequence[Comparison], heldout: Sequence[Comparison]) -> Estimate:
    """Share of held-out comparisons in which the chosen answer scores higher; a tie counts half."""
    terms = Terms([text for row in train for text in (row.chosen, row.rejected)])
    weights = fit(_differences(terms, train))
    margins = torch.sparse.mm(_differences(terms, heldout), weights[:, None])[:, 0]
    hits = float((margins > 0).sum() + 0.5 * (margins == 0).sum())
    return wilson(hits, len(heldout))


def _differences(terms: Terms, rows: Sequence[Comparison]) -> Tensor:
    return (terms.rows([row.chosen for row in rows]) - terms.rows([row.rejected for row in rows])).coalesce()
