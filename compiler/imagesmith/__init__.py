"""The Azure VM Image Builder template, built on your own machine or CI runner.

    from imagesmith import compile_template
    compilation = compile_template("image.json")
    compilation.write("out")

`load`, `compile_text`, `compile_template`, `build_image` and its streams are all that the library is; the command line
uses nothing else. They are loaded when first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.lazy import loader

if TYPE_CHECKING:
    from imagesmith.build import BuildOptions, build_image
    from imagesmith.build.stream import abuild_image, build_events, iter_build
    from imagesmith.pipeline import Compilation, CompileOptions, compile_template, compile_text
    from imagesmith.source import load

__all__ = [
    "BuildOptions",
    "Compilation",
    "CompileOptions",
    "abuild_image",
    "build_events",
    "build_image",
    "compile_template",
    "compile_text",
    "iter_build",
    "load",
]

_HOMES = {
    "BuildOptions": ".build",
    "Compilation": ".pipeline",
    "CompileOptions": ".pipeline",
    "abuild_image": ".build.stream",
    "build_events": ".build.stream",
    "build_image": ".build",
    "compile_template": ".pipeline",
    "compile_text": ".pipeline",
    "iter_build": ".build.stream",
    "load": ".source",
}

__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
