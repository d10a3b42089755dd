"""The option that names the controller's account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gwdeployer.installation.accounts import Account

F = TypeVar("F", bound=Callable[..., Any])


def account_option(text: str) -> Callable[[F], F]:
    """Return what adds ``--service-account``: the controller's, by default that of an install."""
    return click.option(
        "--service-account",
        "account",
        callback=_account,
        default="gwdeployer-system/gwdeployer",
        show_default=True,
        metavar="NAMESPACE/NAME",
        help=text,
    )


def _account(_: click.Context, __: click.Parameter, text: str) -> Account:
    """Return the account that ``NAMESPACE/NAME`` names."""
    namespace, _slash, name = text.partition("/")
    if not (namespace and name) or "/" in name:
        raise click.BadParameter(f"{text!r} is no account; write NAMESPACE/NAME")
    return Account(namespace, name)
