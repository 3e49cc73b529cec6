"""SHA-256 digests of the vendor's release archives.

Each was found in at least two public places: the vendor's Homebrew formula, and build files of projects that verify the
archive. A wrong one would refuse an archive, never let one through. A digest that is not here has to be given by the
user.
"""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.versions import Version

PACKER_ARCHIVES: Mapping[tuple[Version, str, str], str] = {
    (Version(1, 16, 0), "linux", "amd64"): "5edcd14ab59b535040c512dbecd6ec9ef976a000b073c19d93e4c431c948581e",
    (Version(1, 16, 0), "linux", "arm64"): "cf18f03460d92265d49b56befff333e80641d845822799eab04357c39f75b5d7",
    (Version(1, 16, 0), "darwin", "arm64"): "6530042cf8f8a1f96b6607cb22b5be298be53b400cd4a2c81ab8b946964fccda",
    (Version(1, 14, 3), "linux", "amd64"): "95041cc0a30f05d5583be26a7c0b715f488e461418ce0c5d88ba204cb092bef1",
    (Version(1, 9, 5), "linux", "amd64"): "6f8272658a6d606583c2b3deaad272233db6e84a6ee651bf17a0d46d8cea4a9c",
    (Version(1, 9, 5), "darwin", "amd64"): "61464390bf9f3e14bac52bc9b1172f24783d9a19855958e805c596359687518e",
    (Version(1, 9, 5), "darwin", "arm64"): "33a23c1ef6c42a0d80ef44595ddfa8963027c993a2279f72320d0d5c86312ac8",
}

NEWEST = max(version for version, _, _ in PACKER_ARCHIVES)
