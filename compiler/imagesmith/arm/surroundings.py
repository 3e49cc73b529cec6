"""What is around a template while it is deployed: place, time, and what the caller tells of the outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from imagesmith.source import Document

if TYPE_CHECKING:
    from imagesmith.arm.answers import Answers

ReadLinked: TypeAlias = Callable[[str, str], Document]
"""Reads the file at a path that is relative to the folder of a file, whose name comes second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Where and when a template is deployed. What is None is unknown and asked for when an expression needs it.

    `answers` are the values of --resolve, `read_linked` reads linked templates, `linked_from` are the files through
    whose links the template was reached, and `link_base` stands for the address of the template's folder.
    """

    resource_group: str | None = None
    subscription_id: str | None = None
    tenant_id: str | None = None
    location: str | None = None
    deployment_name: str = "imagetemplate"
    now: datetime
    seed: str
    answers: Answers | None = None
    read_linked: ReadLinked | None = None
    linked_from: tuple[str, ...] = ()
    link_base: str | None = None
