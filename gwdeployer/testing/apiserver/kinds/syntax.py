"""The syntax rules of names, labels, keys and ports; each returns what is wrong, in Kubernetes' words.

The rules of ``k8s.io/apimachinery/pkg/api/validate/content`` and ``pkg/util/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Rule = Callable[[str], list[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = f"{_LABEL}(\\.{_LABEL})*"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_KEY})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_PERCENT = "[0-9]+%"
_PATH_FORBIDDEN = ("/", "%")

_MAX_LABEL = 63
_MAX_SUBDOMAIN = 253
_MAX_PORT_NAME = 15
_MAX_PORT = 65535

_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_DNS_1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_KEY_WORDS = (
    "must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_CONFIG_KEY_WORDS = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_REASON_WORDS = (
    "a condition reason must start with alphabetic character, optionally followed by a string of "
    "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'"
)
_PERCENT_WORDS = "a valid percent string must be a numeric string followed by an ending '%'"


def dns_label(text: str) -> list[str]:
    """DNS-1123 label: namespaces, containers, volumes."""
    faults = _too_long(text, _MAX_LABEL)
    if not re.fullmatch(_LABEL, text):
        dotted = bool(re.fullmatch(_SUBDOMAIN, text))
        faults.append(
            "must not contain dots" if dotted else _pattern(_LABEL_WORDS, _LABEL, "my-name", "123-abc")
        )
    return faults


def dns_subdomain(text: str) -> list[str]:
    """DNS-1123 subdomain: most objects."""
    return _too_long(text, _MAX_SUBDOMAIN) + _unless(_SUBDOMAIN, text, _SUBDOMAIN_WORDS, "example.com")


def dns_1035_label(text: str) -> list[str]:
    """DNS-1035 label: names of custom resources."""
    return _too_long(text, _MAX_LABEL) + _unless(_DNS_1035, text, _DNS_1035_WORDS, "my-name", "abc-123")


def path_segment(text: str) -> list[str]:
    """What can stand in a URL: names of roles and bindings."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{part}'" for part in _PATH_FORBIDDEN if part in text]


def qualified_name(text: str) -> list[str]:
    """A label's key: a name with an optional prefix."""
    if text.count("/") > 1:
        words = _pattern(_KEY_WORDS, _KEY, "MyName", "my.name", "123-abc")
        prefixed_too = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {words} {prefixed_too}"]
    prefix, slash, name = text.rpartition("/")
    faults = [f"prefix part {fault}" for fault in dns_subdomain(prefix)] if prefix else []
    if slash and not prefix:
        faults.append("prefix part must be non-empty")
    if not name:
        faults.append("name part must be non-empty")
    faults += [f"name part {fault}" for fault in _too_long(name, _MAX_LABEL)]
    return faults + [
        f"name part {fault}" for fault in _unless(_KEY, name, _KEY_WORDS, "MyName", "my.name", "123-abc")
    ]


def label_value(text: str) -> list[str]:
    """A label's value."""
    faults = _too_long(text, _MAX_LABEL)
    return faults + _unless(_LABEL_VALUE, text, _LABEL_VALUE_WORDS, "MyValue", "my_value", "12345")


def config_key(text: str) -> list[str]:
    """A key in the data of a ConfigMap or Secret."""
    faults = _too_long(text, _MAX_SUBDOMAIN)
    faults += _unless(_CONFIG_KEY, text, _CONFIG_KEY_WORDS, "key.name", "KEY_NAME", "key-name")
    if text == ".":
        faults.append("must not be '.'")
    elif text == "..":
        faults.append("must not be '..'")
    elif text.startswith(".."):
        faults.append("must not start with '..'")
    return faults


def port_name(text: str) -> list[str]:
    """A port's name (IANA_SVC_NAME)."""
    checks = (
        (len(text) <= _MAX_PORT_NAME, f"must be no more than {_MAX_PORT_NAME} characters"),
        (
            re.fullmatch("[-a-z0-9]+", text),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (re.search("[a-z]", text), "must contain at least one letter (a-z)"),
        ("--" not in text, "must not contain consecutive hyphens"),
        (text.strip("-") == text, "must not begin or end with a hyphen"),
    )
    return [fault for fine, fault in checks if not fine]


def port_number(number: int) -> list[str]:
    """A port's number."""
    return in_range(number, 1, _MAX_PORT)


def in_range(number: int, low: int, high: int) -> list[str]:
    """A number between two bounds, both included."""
    return [] if low <= number <= high else [f"must be between {low} and {high}, inclusive"]


def percent(text: str) -> list[str]:
    """``25%``."""
    return _unless(_PERCENT, text, _PERCENT_WORDS, "1%", "93%")


def condition_reason(text: str) -> list[str]:
    """The reason of a condition."""
    examples = ("my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB")
    return _unless(_REASON, text, _REASON_WORDS, *examples)


def env_name(text: str) -> list[str]:
    """An environment variable's name."""
    if not text:
        return ["environment variable name must be non-empty"]
    if all(" " <= char <= "~" and char != "=" for char in text):
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]


def prefixed(rule: Rule, text: str) -> list[str]:
    """A ``generateName``: what the rule says of it once something follows a trailing dash."""
    if len(text) > 1 and text.endswith("-") and rule is not path_segment:
        text = f"{text[:-2]}a"
    return rule(text)


def _unless(pattern: str, text: str, words: str, *examples: str) -> list[str]:
    return [] if re.fullmatch(pattern, text) else [_pattern(words, pattern, *examples)]


def _pattern(words: str, pattern: str, *examples: str) -> str:
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{words} (e.g. {listed}regex used for validation is '{pattern}')"


def _too_long(text: str, limit: int) -> list[str]:
    return [f"must be no more than {limit} bytes"] if len(text.encode()) > limit else []
