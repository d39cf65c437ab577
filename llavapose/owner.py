"""Whose an output folder is: a lock while a run writes there, and a card that stays and says what made it.

    owner.json            {"command": "train.py data=detail", "settings": "3fa9c1...", "commit": "...", "host": "node7",
                           "pid": 4711, "started": "2026-01-31T12:00:00+00:00", "ended": null, ...}
    owners/<arm>.json     the same for one arm's results in a folder that several arms share

The lock is POSIX's (``lockf``): the kernel gives it back when its process ends in whatever way, children that were
forked do not keep it, and NFS takes it from one machine to the others. On a disk without locks the card decides: its
run is under way if its process is alive, or on another machine if nothing says that it ended.
"""

import contextlib
import errno
import fcntl
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llavapose import __version__
from llavapose.errors import ConfigError, DataError, named, shown
from llavapose.files import fingerprint, read_json, write_json

SWEEP = "LLAVAPOSE_SWEEP"
"""Environment variable that a sweep sets for its jobs: its process, which has the folder that they write to."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""What disks say that keep no locks."""
_MOST_DIFFERENCES = 3
_WAIT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """What one run writes: a folder, or in a shared folder what belongs to one arm.

    Attributes:
        folder: the output folder.
        part: the arm; "" for the whole folder.
        results: patterns of what would be lost if another run wrote here.
        setting: the setting that chooses the folder, for messages.
    """

    folder: Path
    part: str = ""
    results: tuple[str, ...] = ()
    setting: str = "output_dir"

    @property
    def card(self) -> Path:
        """Where the card lies."""
        return self.folder / "owners" / f"{self.part}.json" if self.part else self.folder / "owner.json"

    @property
    def lock(self) -> Path:
        """The file that is locked; the card itself is replaced whole, and a lock would be lost with it."""
        return self.card.with_name(f".{self.card.stem}.lock")

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.part} in {self.folder}" if self.part else str(self.folder)

    def has_results(self) -> bool:
        """Whether there is something to lose."""
        return any(any(self.folder.glob(pattern)) for pattern in self.results)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A card.

    Attributes:
        settings: hash of ``values``.
        values: the settings that decide what is written.
        ended: when; None: under way, or killed.
        ok: whether it came to its end without an error.
    """

    command: str
    settings: str
    values: dict[str, Any] = field(default_factory=dict)
    commit: str
    host: str
    pid: int
    started: str
    ended: str | None = None
    ok: bool = False

    def told(self) -> str:
        """The run in a few words."""
        return f"`{named(self.command, 160)}` (process {self.pid} on {named(self.host)}, since {named(self.started)})"


_held: dict[str, int | None] = {}
"""Lock file -> its descriptor, of this process; None where the disk keeps no locks."""
_taken: dict[Place, Owner] = {}
_cards: dict[Place, Path] = {}
"""Where the cards of places taken lie, whatever the working directory is by then."""
_waiting: dict[Place, tuple[Owner, Owner]] = {}
"""Place -> the card of the run that is gone on with, and this run's own, which takes its place in ``sign``."""


def owner_of(place: Place) -> Owner | None:
    """The card of a place; None without one, or with one that cannot be read."""
    try:
        return Owner(**read_json(place.card, what="owner"))
    except (DataError, TypeError, OSError):
        return None


def stranger(place: Place, values: Mapping[str, Any]) -> str | None:
    """Why what lies in a place is not of these settings; None where it is, or where nothing lies."""
    if not place.has_results():
        return None
    owner = owner_of(place)
    if owner is None:
        return f"{place.name} holds results that no card ({place.card}) tells the settings of"
    if owner.settings == fingerprint(values):
        return None
    keys = [key for key in sorted({*owner.values, *values}) if owner.values.get(key) != values.get(key)]
    told = [f"{key} {shown(owner.values.get(key), 60)} there, {shown(values.get(key), 60)} here" for key in keys]
    more = f", {len(keys) - _MOST_DIFFERENCES} more" if len(keys) > _MOST_DIFFERENCES else ""
    return (
        f"{place.name} holds the results of `{named(owner.command, 160)}`, made by other settings "
        f"({', '.join(told[:_MOST_DIFFERENCES])}{more})"
    )


def writes_otherwise(place: Place, values: Mapping[str, Any]) -> bool:
    """Whether a run of other settings has the place now, or was killed there."""
    owner = owner_of(place)
    return owner is not None and owner.ended is None and owner.settings != fingerprint(values)


def unfinished(place: Place) -> bool:
    """Whether the last run in a place was cut off, or failed."""
    owner = owner_of(place)
    return owner is not None and not owner.ok


def take(place: Place, values: Mapping[str, Any], *, wait: bool = False, goes_on: bool = False) -> None:
    """Make a place this process's own until ``release`` or its end, and write its card.

    Args:
        place: the folder is made where it is missing.
        values: the settings that decide what is written, as plain values.
        wait: whether to wait for another run there instead of being refused.
        goes_on: whether the card keeps the settings of the run that lies there until ``sign``: one that goes on with it
            may still be refused, and what is refused changes nothing.

    Raises:
        ConfigError: another run is writing there; names it.
    """
    try:
        place.card.parent.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:
        raise ConfigError(f"{place.setting}: {place.folder} cannot be made there; give another folder") from None
    said = False
    while (other := _lock(place)) is not None:
        if not wait:
            raise ConfigError(_refusal(place, other))
        if not said:
            print(f"{place.name} is in use by {other}; waiting for it", flush=True)
        said = True
        time.sleep(_WAIT_S)
    before = owner_of(place)
    if before and not before.ended and before.host != socket.gethostname():
        print(f"{place.name}: {before.told()} left without a word; if it still runs, stop one of the two", flush=True)
    owner = Owner(
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        settings=fingerprint(values),
        values=dict(values),
        commit=_commit(),
        host=socket.gethostname(),
        pid=os.getpid(),
        started=_now(),
    )
    _waiting.pop(place, None)
    if goes_on and before is not None:
        _waiting[place] = (before, owner)
        owner = replace(owner, settings=before.settings, values=before.values)
    _cards[place] = place.card.absolute()
    write_json(_cards[place], asdict(owner))
    _taken[place] = owner


def sign() -> None:
    """The run goes on for certain: from here on what lies in its places is of its own settings."""
    for place, (_, owner) in list(_waiting.items()):
        write_json(_cards[place], asdict(owner))
        _taken[place] = owner
        del _waiting[place]


def refuse_in_use(place: Place) -> None:
    """What lies in a place that another run has is not looked at: it is that run's, and under way.

    Raises:
        ConfigError: another run is writing there; names it.
    """
    others = [Place(folder=place.folder)] if place.part else list(_parts(place.folder))
    for one in (place, *others):
        if (other := _in_use(one)) is not None:
            raise ConfigError(_refusal(place, other))


def _refusal(place: Place, other: str) -> str:
    return (
        f"{place.setting}={place.folder}: {place.name} is in use by {other}; wait for it or stop it, or give this run "
        f"another {place.setting}"
    )


@contextlib.contextmanager
def held(place: Place, values: Mapping[str, Any], *, waits: bool) -> Iterator[None]:
    """Take a place; one that others wait for, as this run does for them, is given back behind."""
    take(place, values, wait=waits)
    ok = False
    try:
        yield
        ok = True
    finally:
        if waits:
            _give_back(place, ok=ok)


def release(*, ok: bool) -> None:
    """Give back all that this process has taken; the cards say when, and whether it went well."""
    for place in list(_taken):
        _give_back(place, ok=ok)


def _give_back(place: Place, *, ok: bool) -> None:
    # What cannot be written now, on a full disk, is told by the lock alone.
    with contextlib.suppress(OSError):
        before, _ = _waiting.pop(place, (None, None))
        owner = _taken.pop(place)
        write_json(_cards.pop(place), asdict(before or replace(owner, ended=_now(), ok=ok)))
    handle = _held.pop(str(place.lock.absolute()), None)
    if handle is not None:
        os.close(handle)


@contextlib.contextmanager
def released_at_the_end() -> Iterator[None]:
    """Whatever is taken inside is given back behind."""
    ok = False
    try:
        yield
        ok = True
    except SystemExit as ending:
        ok = not ending.code
        raise
    finally:
        release(ok=ok)


def _lock(place: Place) -> str | None:
    """Lock a place; who has it, where another run does."""
    if str(place.lock.absolute()) in _held:
        return None
    others = [Place(folder=place.folder)] if place.part else list(_parts(place.folder))
    for one in others:
        if (told := _in_use(one)) is not None:
            return told
    handle = os.open(place.lock, os.O_RDWR | os.O_CREAT, 0o644)
    got = _locked(handle)
    if got is False or (got is None and _is_alive(owner_of(place))):
        os.close(handle)
        return _by(place)
    if got is None:
        os.close(handle)
    _held[str(place.lock.absolute())] = handle if got else None
    return None


def _parts(folder: Path) -> Iterator[Place]:
    for path in sorted((folder / "owners").glob(".*.lock")):
        yield Place(folder=folder, part=path.name.removeprefix(".").removesuffix(".lock"))


def _in_use(place: Place) -> str | None:
    """Who has a place locked, other than this process and the sweep that started it."""
    if str(place.lock.absolute()) in _held or not place.lock.exists():
        return None
    owner = owner_of(place)
    if owner is not None and str(owner.pid) == os.environ.get(SWEEP) and owner.host == socket.gethostname():
        return None
    handle = os.open(place.lock, os.O_RDWR)
    try:
        got = _locked(handle)
    finally:
        os.close(handle)
    return _by(place) if got is False or (got is None and _is_alive(owner)) else None


def _locked(handle: int) -> bool | None:
    """Whether this process has the lock now; None on a disk without locks."""
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True


def _is_alive(owner: Owner | None) -> bool:
    """Whether a card's run is under way, on a disk without locks: on another machine until the card says it ended."""
    if owner is None or owner.ended is not None:
        return False
    if owner.host != socket.gethostname():
        return True
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return owner.pid != os.getpid()


def _by(place: Place) -> str:
    owner = owner_of(place)
    if owner is None or owner.ended is not None:
        return "another run that has just started"
    hint = f" (if it is gone, remove {place.card})" if owner.host != socket.gethostname() else ""
    return owner.told() + hint


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str:
    """The commit of the checkout, marked where it was changed since; the version of an installed package."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return __version__
