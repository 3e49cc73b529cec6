"""The Azure VM Image Builder template, built on your own machine or CI runner.

    from imagesmith import compile_template
    compilation = compile_template("image.json")
    compilation.write("out")

`load`, `compile_text`, `compile_template`, `build_image` and its streams are all that the library is; the command line
uses nothing else. They are loaded when first asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    "BuildOptions": "imagesmith.build",
    "Compilation": "imagesmith.pipeline",
    "CompileOptions": "imagesmith.pipeline",
    "abuild_image": "imagesmith.build.stream",
    "build_events": "imagesmith.build.stream",
    "build_image": "imagesmith.build",
    "compile_template": "imagesmith.pipeline",
    "compile_text": "imagesmith.pipeline",
    "iter_build": "imagesmith.build.stream",
    "load": "imagesmith.source",
}


def __getattr__(name: str) -> Any:  # any of the names above
    if name not in _HOMES:
        raise AttributeError(f"module 'imagesmith' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
