"""What answers are rated on, by a judge model and by people alike."""

from collections.abc import Mapping

LOWEST, HIGHEST = 1, 5

ASPECTS: Mapping[str, str] = {
    "fluency": "Is the language natural and free of mistakes?",
    "coherence": "Do the sentences follow from each other, without contradiction or repetition?",
    "relevance": "Does it answer what was asked, all of it and nothing else?",
}
"""What is rated from 1 (not at all) to 5 (in full), and the question that it answers."""
