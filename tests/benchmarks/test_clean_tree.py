"""Trees of a Dockerfile's stages: what is copied, and what a stage hands on."""

import subprocess
from pathlib import Path

from benchmarks.clean_tree import Builder, Tree
from benchmarks.dockerfile import parse

TEXT = """
FROM debian AS source
WORKDIR /opt/app
COPY one.txt two.txt ./
COPY folder folder
FROM debian AS runtime
ENV HOME=/home A=1
USER 10001:10001
FROM runtime AS image
ENV A=2
COPY --from=source /opt/app /opt/app
"""


def test_a_stage_is_its_base_with_what_it_copies_and_sets(tmp_path: Path) -> None:
    context, work = tmp_path / "context", tmp_path / "work"
    (context / "folder" / "below").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "folder/below/three.txt", "folder/untracked.txt"):
        (context / name).write_text(name)
    subprocess.run(["git", "init", "--quiet"], cwd=context, check=True)
    subprocess.run(["git", "add", "one.txt", "two.txt", "folder/below"], cwd=context, check=True)
    python = work / "debian" / "usr" / "local" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    (work / "debian" / "dev").mkdir()

    tree = Builder(parse(TEXT), context, work, "bookworm").build("image")

    copied = {str(path.relative_to(tree.root / "opt/app")) for path in (tree.root / "opt/app").rglob("*.txt")}
    assert copied == {
        "one.txt",
        "two.txt",
        "folder/below/three.txt",
    }  # what git does not track is not sent to a builder
    assert (tree.environment["A"], tree.environment["HOME"], tree.user) == ("2", "/home", "10001:10001")
    assert (tree.root / "usr/local/bin/python").exists()


def test_a_closed_process_gets_the_images_variables_alone_and_a_read_only_root(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree", {"ATTUNE_HOME": "/home", "A": "1"}, user="10001:10001")
    *_, script = tree.closed_command(["python", "-m", "server"], tmp_path / "volume", extra={"B": "2"})
    assert f"mount -o remount,bind,ro {tmp_path}/tree" in script
    assert f"mount --bind {tmp_path}/volume {tmp_path}/tree/home" in script
    entered = script.partition("exec ")[2]
    assert entered.startswith("chroot --userspec=10001:10001")
    assert "/usr/bin/env -i ATTUNE_HOME=/home A=1 B=2 sh -c" in entered
