"""The closed loop, measured: people with a hidden taste chat and vote, and Attune learns (docs/simulation.md).

`taste` is what the people like, and nothing outside this package may import it; `people` vote by it. `api` is all that
they know of Attune. `loop` leads through the rounds, by the steps that `steps` carries out; `figures` and `report` say
what came of it.
"""
