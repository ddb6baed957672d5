"""The archive that `attune backup` writes, read with distrust: nothing is unpacked before all of it was looked at."""

import hashlib
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from alignment.manifest import FileEntry
from attune.backup import ABOUT, FORMAT, LEDGER, SECRET
from attune.errors import AttuneError, WrongUsage
from ledger.unusable_paths import is_mistake, reason_of

MOST_FILES = 10_000
_LARGEST_ABOUT = 16 * 2**20
_LARGEST_SECRET = 4096
_SPARE_BYTES = 64 * 2**20
# Text packs to a tenth, and VACUUM leaves no empty pages: what packs to less was made to fill a disk.
_MOST_EXPANSION, _SMALL_BYTES = 200, 64 * 2**20
_CHUNK_BYTES = 2**20
_NAME = re.compile(r"ledger\.db|ui\.secret|versions/\w[\w.-]*(/[\w][\w .+=@-]*)+")


class About(BaseModel):
    """What `backup.json` says.

    Attributes:
        home: Folder that the backup was made from.
        files: Size and SHA-256 of every other file; None in backups from before these were written.
    """

    model_config = ConfigDict(frozen=True)

    format: int
    home: str
    files: Mapping[str, FileEntry] | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose list of files was checked.

    Attributes:
        about: What it says of itself.
    """

    file: Path
    about: About
    _zip: zipfile.ZipFile
    _members: tuple[zipfile.ZipInfo, ...]

    def unpack(self, folder: Path) -> None:
        """Writes every file into an empty folder, no byte more than the archive's list says.

        Raises:
            AttuneError: There is too little space.
            WrongUsage: A file differs from its size or hash.
        """
        needed, free = sum(member.file_size for member in self._members), shutil.disk_usage(folder).free
        if needed + _SPARE_BYTES > free:
            raise AttuneError(
                f"{self.file} cannot be restored: it unpacks to {needed / 2**20:.0f} MiB, and {free / 2**20:.0f} MiB "
                f"are free under {folder}."
            )
        for member in self._members:
            self._unpack_one(member, folder / member.filename)

    def _unpack_one(self, member: zipfile.ZipInfo, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        digest = hashlib.sha256()
        with self._zip.open(member) as packed, path.open("wb") as unpacked:
            while chunk := packed.read(_CHUNK_BYTES):  # zipfile reads no more than `file_size`, and checks the CRC
                digest.update(chunk)
                unpacked.write(chunk)
        expected = None if self.about.files is None else self.about.files[member.filename]
        if expected is not None and digest.hexdigest() != expected.sha256:
            raise WrongUsage(
                f"{self.file} cannot be restored: {member.filename} has another SHA-256 than {ABOUT} says."
            )


@contextmanager
def opened_archive(file: Path) -> Iterator[Archive]:
    """Opens an archive and checks all that it says of its files.

    Raises:
        WrongUsage: It is no archive of `attune backup`, damaged, or made to do harm; the message says what is wrong.
        AttuneError: It cannot be read now.
    """
    try:
        with zipfile.ZipFile(file) as found:
            about = _about(file, found)
            members = _members(file, found, about)
            yield Archive(file, about, found, members)
    except OSError as error:
        kind = WrongUsage if is_mistake(error) else AttuneError
        raise kind(f"{file} cannot be restored: {reason_of(error)}.") from error
    except zipfile.BadZipFile as error:
        raise WrongUsage(f"{file} cannot be restored: it is no backup, or a damaged one ({error}).") from error
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WrongUsage(f"{file} cannot be restored: {error}.") from error


def _about(file: Path, found: zipfile.ZipFile) -> About:
    refused = f"{file} cannot be restored: "
    try:
        member = found.getinfo(ABOUT)
    except KeyError:
        raise WrongUsage(f"{refused}it holds no {ABOUT}, so `attune backup` has not written it.") from None
    if member.file_size > _LARGEST_ABOUT:
        raise WrongUsage(f"{refused}{ABOUT} has {member.file_size} bytes; {_LARGEST_ABOUT} are allowed.")
    try:
        about = About.model_validate_json(found.read(member))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the whole"
        raise WrongUsage(f"{refused}in {ABOUT}, {place}: {fault['msg']}.") from error
    if about.format != FORMAT:
        raise WrongUsage(
            f"{refused}it has the format {about.format}; this Attune knows {FORMAT}. Use the one that made it."
        )
    return about


def _members(file: Path, found: zipfile.ZipFile, about: About) -> tuple[zipfile.ZipInfo, ...]:
    """The archive's files but `backup.json`, each of which may be there and is as large as it should be."""
    listed = [member for member in found.infolist() if not _is_folder(member)]
    members = tuple(member for member in listed if member.filename != ABOUT)
    names = [member.filename for member in members]
    wrong: str | None = None
    if len(listed) > MOST_FILES:
        wrong = f"it holds {len(listed)} files; {MOST_FILES} are allowed"
    elif len(set(names)) < len(names) or len(listed) != len(names) + 1:
        wrong = "it holds two files of one name"
    elif LEDGER not in names:
        wrong = f"it holds no {LEDGER}"
    elif about.files is not None and set(about.files) != set(names):
        different = sorted(set(about.files) ^ set(names))[0]
        wrong = f"its files are not those that {ABOUT} lists, such as {different!r}"
    else:
        wrong = next(filter(None, (_fault(member, about) for member in members)), None)
    if wrong is not None:
        raise WrongUsage(f"{file} cannot be restored: {wrong}. Nothing was written.")
    return members


def _fault(member: zipfile.ZipInfo, about: About) -> str | None:
    """What is wrong with one file as the archive lists it; None if nothing."""
    name, size = member.filename, member.file_size
    kind = stat.S_IFMT(member.external_attr >> 16)
    if not _NAME.fullmatch(name) or ".." in name.split("/"):
        return f"{name!r} is no file of a backup"
    if kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
        return f"{name} is a link, a device or encrypted"
    if about.files is not None and about.files[name].bytes != size:
        return f"{name} has {size} bytes, and {ABOUT} says {about.files[name].bytes}"
    if name == SECRET and size > _LARGEST_SECRET:
        return f"{name} has {size} bytes; {_LARGEST_SECRET} are allowed"
    if size > max(_SMALL_BYTES, member.compress_size * _MOST_EXPANSION):
        return f"{name} unpacks to {size} bytes from {member.compress_size}, which no backup does"
    return None


def _is_folder(member: zipfile.ZipInfo) -> Literal[True, False]:
    """Archivers add entries for folders, which are made anyway."""
    return member.is_dir() and member.filename.startswith("versions/") and member.file_size == 0
