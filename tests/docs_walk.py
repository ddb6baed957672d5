"""A reader's walk: how many links lie between the README and the code that does something."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
_NAMED = re.compile(r"`([a-z_]+(?:/[\w.-]+)*/[\w-]+\.\w+)`")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Something that a reader may want to see done.

    Attributes:
        what: In a reader's words.
        file: Where it is done, from the top folder.
        name: Of the function or class that does it.
    """

    what: str
    file: str
    name: str


BEHAVIOURS = (
    Behaviour("a request too many is refused at once", "server/admission.py", "Admission"),
    Behaviour("a vote is acknowledged after its commit", "ledger/group_commit.py", "GroupCommit"),
    Behaviour("a person is erased", "ledger/erase.py", "erase_user"),
    Behaviour("what the model writes is made harmless for the browser", "chat_ui/static/sanitise.js", "sanitise"),
    Behaviour("near duplicates of votes are left out", "alignment/snapshot/duplicates.py", "near_duplicates"),
    Behaviour("the reward model learns from pairs and thumbs at once", "alignment/reward_model/loss.py", "joint_loss"),
    Behaviour("PPO clips its loss", "alignment/ppo/losses.py", "clipped_policy_loss"),
    Behaviour("a candidate that has grown worse is refused", "evals/gate.py", "judge"),
    Behaviour("a canary is promoted or rolled back", "server/canary/rules.py", "CanaryRules"),
    Behaviour("an engine must serve the registered weights", "server/controller/probe.py", "attest"),
)


def distances() -> Mapping[Path, int]:
    """Hops from the README to every page and file that can be reached over links and over paths in a text."""
    readme = ROOT / "README.md"
    found, waiting = {readme: 0}, deque([readme])
    while waiting:
        page = waiting.popleft()
        for target in _targets(page):
            if target not in found:
                found[target] = found[page] + 1
                waiting.append(target)
    return found


def _targets(page: Path) -> Iterator[Path]:
    if page.suffix != ".md":
        return
    text = page.read_text(encoding="utf-8")
    linked = [page.parent / target for target in LINK.findall(text)]
    named = [ROOT / target for target in _NAMED.findall(text)]
    yield from (path.resolve() for path in (*linked, *named) if path.is_file())
