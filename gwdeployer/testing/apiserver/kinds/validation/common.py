"""Checks that several kinds share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    at,
    forbidden,
    invalid,
    not_supported,
    required,
)
from gwdeployer.testing.apiserver.kinds.metadata import validate_labels

Value = Mapping[str, Any]

NOT_NEGATIVE = "must be greater than or equal to 0"
PROTOCOLS = ("SCTP", "TCP", "UDP")


def check_syntax(rule: Callable[[Any], list[str]], value: Any, path: str) -> Iterator[Cause]:
    """Yield what a rule of ``syntax`` says of a value."""
    yield from (invalid(path, value, fault) for fault in rule(value))


def check_name(rule: syntax.Rule, value: str, path: str) -> Iterator[Cause]:
    """Yield a cause if a name is missing or breaks the rule."""
    if value:
        yield from check_syntax(rule, value, path)
    else:
        yield required(path)


def check_one_of(known: Iterable[str], value: Any, path: str) -> Iterator[Cause]:
    """Yield a cause if a value that is set is none of those known."""
    if value is not None and value not in tuple(known):
        yield not_supported(path, value, known)


def check_not_negative(value: int | None, path: str) -> Iterator[Cause]:
    """Yield a cause for a negative number."""
    if value is not None and value < 0:
        yield invalid(path, value, NOT_NEGATIVE)


def check_counts(value: Value, path: str, *names: str) -> Iterator[Cause]:
    """Yield a cause for each of the named fields that is negative."""
    for name in names:
        yield from check_not_negative(value.get(name), at(path, name))


def check_count_or_percent(value: int | str | None, path: str) -> Iterator[Cause]:
    """Yield what is wrong with a count or a percentage up to 100%."""
    if isinstance(value, int):
        yield from check_not_negative(value, path)
    elif isinstance(value, str):
        faults = syntax.percent(value)
        yield from (invalid(path, value, fault) for fault in faults)
        if not faults and int(value[:-1]) > 100:  # noqa: PLR2004 - percent
            yield invalid(path, value, "must not be greater than 100%")


def check_port_number_or_name(value: int | str, path: str) -> Iterator[Cause]:
    """Yield what is wrong with a port given by its number or its name."""
    if isinstance(value, str):
        yield from check_syntax(syntax.port_name, value, path)
    else:
        yield from check_syntax(syntax.port_number, value, path)


def check_selector(selector: Value | None, path: str) -> Iterator[Cause]:
    """Yield what is wrong with a label selector."""
    yield from validate_labels((selector or {}).get("matchLabels"), at(path, "matchLabels"))
    for index, expression in enumerate((selector or {}).get("matchExpressions", ())):
        yield from _check_expression(expression, at(path, "matchExpressions", index))


def _check_expression(expression: Value, path: str) -> Iterator[Cause]:
    operator, values = expression.get("operator"), expression.get("values", ())
    if operator in ("In", "NotIn"):
        if not values:
            yield required(at(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator not in ("Exists", "DoesNotExist"):
        yield invalid(at(path, "operator"), operator, "not a valid selector operator")
    elif values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield forbidden(at(path, "values"), detail)
    yield from check_syntax(syntax.qualified_name, expression.get("key", ""), at(path, "key"))
    for index, value in enumerate(values):
        yield from check_syntax(syntax.label_value, value, at(path, "values", index))


def check_address(value: str, path: str) -> Iterator[Cause]:
    """Yield a cause unless the value is an IP address."""
    if not _parses(ip_address, value):
        yield invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def check_not_special(value: str, path: str) -> Iterator[Cause]:
    """Yield a cause for an address that leads nowhere outside its own machine or link."""
    if not _parses(ip_address, value):
        return
    address = ip_address(value)
    checks = (
        (address.is_unspecified, "may not be unspecified (0.0.0.0 or ::)"),
        (address.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (address.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            any(address in ip_network(network) for network in ("224.0.0.0/24", "ff02::/16")),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    )
    yield from (invalid(path, value, words) for wrong, words in checks if wrong)


def check_network(value: str, path: str) -> Iterator[Cause]:
    """Yield a cause unless the value is a network in CIDR notation."""
    if "/" not in value or not _parses(lambda text: ip_network(text, strict=False), value):
        yield invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
