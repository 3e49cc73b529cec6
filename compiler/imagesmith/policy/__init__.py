"""Which diagnostics count, and how much: select, ignore, change severities, silence one place of a template.

Errors stop a compilation, so no policy and no comment takes one away: what cannot be built is never told as built.
"""

from imagesmith.policy.directives import Directive, directives_in
from imagesmith.policy.judge import Judged, Silenced, judge
from imagesmith.policy.selectors import Policy, is_selector, matches, selector_problem
from imagesmith.policy.threshold import FailOn, fails

__all__ = [
    "Directive",
    "FailOn",
    "Judged",
    "Policy",
    "Silenced",
    "directives_in",
    "fails",
    "is_selector",
    "judge",
    "matches",
    "selector_problem",
]
