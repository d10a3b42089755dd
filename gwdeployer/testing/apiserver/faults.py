"""Making the server misbehave, by rule.

A rule names the requests it is about and what becomes of them; it counts them, can be taken back, and works
as a context manager::

    with server.faults.answer(503, verb="patch", kind="Deployment", times=1) as rule:
        ...
    assert rule.hits == 1
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, Unpack, cast

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import encoded
from gwdeployer.testing.apiserver.journal import Match, Recorded, matches
from gwdeployer.testing.apiserver.statuses import ResourceName, StatusError


class Rules(Match, total=False):
    """Which requests a rule hits: of those that match, from the ``nth`` on (the first is 1), ``times``."""

    nth: int
    times: int


@dataclass(frozen=True, slots=True)
class Effects:
    """What is to become of one request, by all rules that hit it."""

    delay: float = 0.0
    error: StatusError | None = None
    body: bytes | None = None
    drops: bool = False
    loses_answer: bool = False
    cut_after: float | None = None
    revision: int = 0
    expires: bool = False


#: Adds a rule's effect to those of the rules before it.
Change = Callable[[Recorded, Effects], Effects]


class EndWatches(Protocol):
    """Ends the open watches that match, as over or as expired; returns how many there were."""

    def __call__(self, match: Match, *, expired: bool) -> int: ...  # noqa: D102


class Rule:
    """One fault in force. ``hits`` counts the requests it was done to."""

    def __init__(self, faults: Faults, change: Change, rules: Rules) -> None:
        """Made by the methods of :class:`Faults`."""
        self.hits = 0
        self._faults, self._change = faults, change
        self._first = rules.get("nth", 1)
        self._times = rules.get("times")
        self.match = cast("Match", {key: rules[key] for key in rules if key not in {"nth", "times"}})  # type: ignore[literal-required]
        self._met = 0

    def __enter__(self) -> Rule:
        """The rule is in force already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the rule back."""
        self.remove()

    def remove(self) -> None:
        """Take the rule back; it need not be in force."""
        self._faults.remove(self)

    def applied(self, request: Recorded, effects: Effects) -> Effects:
        """Return the effects with this rule's, if it hits the request."""
        if not matches(self.match, request):
            return effects
        self._met += 1
        if self._met < self._first or (self._times is not None and self.hits >= self._times):
            return effects
        self.hits += 1
        return self._change(request, effects)


class Faults:
    """The rules in force. Each method adds one and returns it; :meth:`clear` takes all back.

    All take the keywords of :class:`Rules`.
    """

    def __init__(self, revision: Callable[[], int], end_watches: EndWatches) -> None:
        """``revision`` returns the storage's latest."""
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._revision = revision
        self._end_watches = end_watches

    def answer(
        self,
        code: int,
        message: str = "",
        *,
        retry_after: int = 0,
        body: bytes | str | Object | None = None,
        **rules: Unpack[Rules],
    ) -> Rule:
        """Answer with a code and a Status, or with ``body``; nothing is done.

        A ``retry_after`` goes into the header and the Status.
        """
        error = statuses.of_code(code, message, retry_after)
        return self._add(
            lambda _, so_far: replace(so_far, error=so_far.error or error, body=_as_bytes(body)), rules
        )

    def forbid(self, user: str = "tester", **rules: Unpack[Rules]) -> Rule:
        """Answer 403 in the words of RBAC."""
        return self._add(
            lambda request, so_far: replace(so_far, error=so_far.error or _denied(request, user)), rules
        )

    def delay(self, seconds: float, **rules: Unpack[Rules]) -> Rule:
        """Wait before anything is done."""
        return self._add(lambda _, so_far: replace(so_far, delay=so_far.delay + seconds), rules)

    def drop(self, **rules: Unpack[Rules]) -> Rule:
        """Close the connection before anything is done."""
        return self._add(lambda _, so_far: replace(so_far, drops=True), rules)

    def lose_answer(self, **rules: Unpack[Rules]) -> Rule:
        """Do what was asked, then close the connection without an answer."""
        return self._add(lambda _, so_far: replace(so_far, loses_answer=True), rules)

    def cut_body(self, after: float = 0.5, **rules: Unpack[Rules]) -> Rule:
        """Do what was asked, and close the connection within the body of the answer.

        ``after`` is a number of bytes from 1 on, and else a share of the body; a watch needs a number.
        """
        return self._add(lambda _, so_far: replace(so_far, cut_after=after), rules)

    def stale(self, revision: int | None = None, **rules: Unpack[Rules]) -> Rule:
        """Answer gets and lists with what was there at a revision; by default, with what is there now."""
        past = self._revision() if revision is None else revision
        return self._add(lambda _, so_far: replace(so_far, revision=past), rules)

    def expire_watches(self, **rules: Unpack[Rules]) -> Rule:
        """Tell watches that their resourceVersion is too old: open ones now, new ones when they begin."""
        rule = self._add(lambda _, so_far: replace(so_far, expires=True), {"verb": "watch", **rules})
        self._end_watches(rule.match, expired=True)
        return rule

    def drop_watches(self, **match: Unpack[Match]) -> int:
        """End the open watches that match, as if their time were up; return how many there were."""
        return self._end_watches(match, expired=False)

    def clear(self) -> None:
        """Take all rules back."""
        with self._lock:
            self._rules.clear()

    def remove(self, rule: Rule) -> None:
        """Take one rule back; it need not be in force."""
        with self._lock:
            self._rules = [one for one in self._rules if one is not rule]

    def effects_on(self, request: Recorded) -> Effects:
        """Return what is to become of a request; the rules that hit it count it."""
        effects = Effects()
        if not self._rules:
            return effects
        with self._lock:
            for rule in self._rules:
                effects = rule.applied(request, effects)
        return effects

    def _add(self, change: Change, rules: Rules) -> Rule:
        rule = Rule(self, change, rules)
        with self._lock:
            self._rules = [*self._rules, rule]
        return rule


def _as_bytes(body: bytes | str | Object | None) -> bytes | None:
    if isinstance(body, dict):
        return encoded(body)
    return body.encode() if isinstance(body, str) else body


def _denied(request: Recorded, user: str) -> StatusError:
    group = request.api_version.rpartition("/")[0]
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    why = f'User "{user}" cannot {request.verb} resource "{request.resource}" in API group "{group}" {where}'
    return statuses.forbidden(ResourceName(group, request.resource), request.name, why)
