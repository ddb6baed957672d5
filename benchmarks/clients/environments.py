"""The clients' environments: one folder each, kept from run to run, outside the checkout."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.clients.catalogue import SCRIPTS, Client

_HERE = Path(__file__).parent
_DONE = "installed.json"


class Environments:
    """The folder of all environments."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder, and in it an environment with uv, which installs the others."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._uv = folder / "uv" / "bin" / "uv"
        if not self._uv.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder / "uv")], check=True)
            subprocess.run([folder / "uv" / "bin" / "pip", "install", "--quiet", "uv==0.13.9"], check=True)

    def install(self, client: Client) -> dict[str, str]:
        """Install a client, unless the same is there already.

        Returns:
            Versions of all packages in its environment.
        """
        folder = self._folder / client.environment
        done = folder / _DONE
        if done.exists() and (kept := json.loads(done.read_text()))["asked"] == list(client.packages):
            return dict(kept["versions"])
        versions = self._install_node(folder, client) if client.on_node else self._install_python(folder, client)
        done.write_text(json.dumps({"asked": client.packages, "versions": versions}))
        return versions

    def command(self, client: Client, output: Path, cases: list[str]) -> list[str]:
        """What runs the client's script, and writes what its functions gave."""
        folder = self._folder / client.environment
        if not client.on_node:
            interpreter = str(folder / "bin" / "python")
            return [interpreter, str(_HERE / "in_environment.py"), str(SCRIPTS / client.script), str(output), *cases]
        script = folder / client.script  # Node looks for packages beside the script
        script.write_text((SCRIPTS / client.script).read_text())
        return ["node", str(_HERE / "in_environment.mjs"), str(script), str(output), *cases]

    def _install_python(self, folder: Path, client: Client) -> dict[str, str]:
        interpreter = str(folder / "bin" / "python")
        subprocess.run([self._uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run([self._uv, "pip", "install", "--quiet", "--python", interpreter, *client.packages], check=True)
        listed = subprocess.run(
            [self._uv, "pip", "list", "--format", "json", "--python", interpreter], check=True, capture_output=True
        )
        return {package["name"]: package["version"] for package in json.loads(listed.stdout)}

    def _install_node(self, folder: Path, client: Client) -> dict[str, str]:
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        subprocess.run(["npm", "install", "--silent", "--no-fund", *client.packages], cwd=folder, check=True)
        locked = json.loads((folder / "package-lock.json").read_text())["packages"]
        return {name.rpartition("node_modules/")[2]: package["version"] for name, package in locked.items() if name}
