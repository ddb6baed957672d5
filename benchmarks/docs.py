"""How much of the docs is run by the tests, and how far the code lies from the README.

`python -m benchmarks.docs`. The tests themselves are tests/test_docs_snippets.py and tests/test_docs_walk.py.
"""

from collections import Counter

from benchmarks import results
from tests import snippets
from tests.docs_walk import BEHAVIOURS, ROOT, distances
from tests.test_docs_snippets import result_of, why_not_run


def main() -> None:
    """Counts and writes the results."""
    shown = sorted({line.text for line in snippets.shell()})
    reasons = [why_not_run(line) for line in shown]
    left_out = {line: reason for line, reason in zip(shown, reasons, strict=True) if reason is not None}
    measured = {line: found for line in left_out if (found := result_of(line)) is not None}
    why = Counter(left_out.values())
    programs = len(list(snippets.python())) + len(list(snippets.javascript()))
    inline = len({snippet.text for snippet in snippets.inline()})
    hops = distances()
    walk = {behaviour: hops[ROOT / behaviour.file] for behaviour in BEHAVIOURS}
    lines = [
        f"- different lines of shell: {len(shown)}; run by the tests: {reasons.count(None)}; by a benchmark, maybe "
        f"with other arguments, whose result is here: {len(measured)}; by neither: {len(left_out) - len(measured)}",
        f"- programs in Python and JavaScript: {programs}, all run",
        f"- different commands within a text: {inline}; that they exist, with their flags, is checked",
        "",
        "| not run by a test, because it | lines |",
        "| --- | --- |",
        *(f"| {reason} | {count} |" for reason, count in why.most_common()),
        "",
        "| a reader's walk from README.md | to | hops |",
        "| --- | --- | --- |",
        *(f"| {one.what} | `{one.file}`, `{one.name}` | {count} |" for one, count in walk.items()),
    ]
    figures = {
        "shell": len(shown),
        "shell_run": reasons.count(None),
        "shell_measured": {line: found.name for line, found in measured.items()},
        "programs": programs,
        "inline": inline,
        "hops": {one.file: count for one, count in walk.items()},
    }
    print(results.write("docs", figures, lines).read_text())


if __name__ == "__main__":
    main()
