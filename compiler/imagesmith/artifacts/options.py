"""What a fetch is asked to do, what it says while it goes on, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from imagesmith.artifacts.lock import Lock
from imagesmith.diagnostics import Diagnostic, has_errors
from imagesmith.plan import Fetch

STORAGE_SUFFIXES = (
    ".blob.core.windows.net",
    ".blob.core.usgovcloudapi.net",
    ".blob.core.chinacloudapi.cn",
    ".blob.storage.azure.net",
)
"""Ends of the names under which Azure's clouds serve blobs; the last is for accounts in DNS zones."""

Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""A host's name and a port to the host's IP addresses; raises `OSError` (`socket.gaierror`) for unknown names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Detour:
    """The names of an emulated Azure, which are reached by proxies of their own: `takes` says of a host whether it is
    one, and `proxies` are as those of `FetchOptions`."""

    takes: Callable[[str], bool]
    proxies: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchOptions:
    """How and from where files may come (architecture §4.3).

    `template_folder` is None for a template from stdin, which has no relative paths. A relative path must lie in
    `root` after links are resolved; without it, in the template's folder. `allow_hosts` are names or literal addresses
    whose addresses are not checked. `storage_token` gives a login token for Azure storage, or None where there is no
    login; it is asked at most once, and only after a storage name has refused the request without it.
    """

    cache: Path
    template_folder: Path | None
    timeout_s: float
    """How long a connection may take, and how long a server may stay silent."""
    total_timeout_s: float = 1800.0
    """How long one file may take with all its attempts."""
    root: Path | None = None
    allow_hosts: frozenset[str] = frozenset()
    offline: bool = False
    limit_bytes: int = 1 << 30
    """The size of one file, after `Content-Encoding` has been undone."""
    attempts: int = 4
    parallel: int = 8
    backoff_s: float = 0.5
    """The wait before the second attempt; it doubles with each one."""
    retry_after_limit_s: float = 60.0
    """The longest wait that a server may ask for."""
    storage_token: Callable[[], str | None] | None = field(default=None, repr=False)
    blob_suffixes: tuple[str, ...] = STORAGE_SUFFIXES
    ca_file: Path | None = None
    """Certificates (PEM) that are trusted besides the system's."""
    ca_folder: Path | None = None
    """A folder of such certificates, named by their hashes (`openssl rehash`)."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`https` and `http` to a proxy's URL, `no` to the comma-separated names that are reached without it.

    A proxy resolves the names, so behind one only literal addresses are checked and nothing can be pinned.
    """
    detour: Detour | None = None
    """What is not reached by `proxies`."""
    lock: Lock | None = None
    """What an earlier run pinned: a changed file is a warning, with `locked` an error, and then what is pinned is taken
    from the cache without asking the network."""
    locked: bool = False
    resolve: Resolver | None = None
    """Who turns names into addresses; None for the system."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchProgress:
    """How far a download is; `source` is its URL without query."""

    source: str
    received_bytes: int
    total_bytes: int | None
    finished: bool = False


OnProgress: TypeAlias = Callable[[FetchProgress], None]
"""Is called from the downloading threads, one call at a time."""


class Cancel(Protocol):
    """Who can say that the fetch is to end; may be asked from several threads."""

    @property
    def requested(self) -> bool:
        """Whether anybody has asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedFile:
    """A file that is there: `content` is a file of the cache, which nobody may change."""

    fetch: Fetch
    content: Path
    sha256: str
    size_bytes: int
    from_cache: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchResult:
    """The fetched files in the order asked for, without those that failed, and what there is to say."""

    fetched: tuple[FetchedFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    cancelled: bool = False

    @property
    def files(self) -> Mapping[str, Path]:
        """The contents by their place in the stage's folder. Places are unique within a stage only."""
        return {fetched.fetch.file: fetched.content for fetched in self.fetched}

    @property
    def ok(self) -> bool:
        """Whether every file is there."""
        return not self.cancelled and not has_errors(self.diagnostics)
