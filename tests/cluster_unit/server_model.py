"""What a server makes of an apply, without one: merged, decoded and defaulted as the in-process server does.

And random objects to apply: of any published type, with quantities in many spellings, and list items whose
keys the API would default. Empty values of scalars are left out: the API takes some for "use the default",
and a plan that says so looks from outside like one that asks for another value.
"""

from __future__ import annotations

import base64
import copy
from typing import Any

from hypothesis import strategies as st

from gwdeployer.objects import KindRef, Object
from gwdeployer.objects.type_data import FieldInfo, fields_of_kind, type_info
from gwdeployer.testing.apiserver import fields
from gwdeployer.testing.apiserver.kinds import Kind, builtin_kinds

_NOW = "2026-01-02T03:04:05Z"
_KINDS: dict[KindRef, Kind] = {kind.resource.kind: kind for kind in builtin_kinds()}
_DEPTH = 7
#: A field that the API overwrites with what its new name says.
_OLD_NAME = "serviceAccount"
#: Types that refer to themselves, whose values are free, or that the API drops where other fields say so.
_UNDRAWN = ("JSONSchemaProps", "ManagedFieldsEntry", "RawExtension", "SessionAffinityConfig")


def applied(live: Object | None, obj: Object, manager: str, *, force: bool = True) -> Object:
    """Return what is stored after an apply: the real order of steps (merge, decode, default)."""
    kind = _KINDS[KindRef.of_object(obj)]
    merged = fields.apply(live, obj, kind.schema, manager=manager, now=_NOW, force=force, empty=kind.empty)
    return _stored(kind, merged, new=live is None)


def updated(live: Object, obj: Object, manager: str) -> Object:
    """Return what is stored after an update, a PUT or a patch of another sort."""
    kind = _KINDS[KindRef.of_object(obj)]
    decoded, _ = kind.decode(obj, validation="Ignore")
    written = fields.update(
        live, kind.default(decoded), kind.schema, manager=manager, now=_NOW, empty=kind.empty
    )
    return _stored(kind, written, new=False)


def _stored(kind: Kind, obj: Object, *, new: bool) -> Object:
    # Strict: a field of a later release is no fault of the plan's, but nothing to compare either.
    decoded, _ = kind.decode(obj)
    stored = kind.default(decoded)
    metadata = {"uid": "u-1", "resourceVersion": "1", "creationTimestamp": _NOW} if new else {}
    return {**stored, "metadata": {**stored["metadata"], **metadata}}


# Random objects.

_NAMES = st.sampled_from(["a", "b", "c"])
_QUANTITIES = st.sampled_from(
    [
        "1",
        "0",
        "100m",
        "0.1",
        "1000m",
        "1Gi",
        "1073741824",
        "1.5Gi",
        "1e3",
        "1.0",
        ".5",
    ]
)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["x", "y", "1"]),
    "integer": st.sampled_from([1, 2, 8080]),
    "number": st.sampled_from([1, 1.5]),
    "boolean": st.booleans(),
    "": st.sampled_from(["x", 1]),
    "object": st.just({}),
}
_FORMATS: dict[str, st.SearchStrategy[Any]] = {
    "quantity": st.one_of(_QUANTITIES, st.sampled_from([0, 1, 0.1, 2.5])),
    "int-or-string": st.sampled_from([80, "http", "50%"]),
    "date-time": st.just(_NOW),
    "byte": st.binary(min_size=1, max_size=4).map(lambda content: base64.b64encode(content).decode()),
}


def objects(kind: KindRef) -> st.SearchStrategy[Object]:
    """Draw an object of a kind; its values fit the type, and obey no other rule."""
    info = fields_of_kind(kind.api_version, kind.kind)
    assert info.ref, f"nothing is published of {kind}"
    named = {
        name: field for name, field in (type_info(info.ref).fields or {}).items() if name not in _OUTSIDE
    }
    content = st.fixed_dictionaries(
        {name: _value(field, 0) for name, field in named.items() if name == "spec"},
        optional={name: _value(field, 0) for name, field in named.items() if name != "spec"},
    )
    return st.builds(
        lambda content, metadata: {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": "web", "namespace": "shop", **metadata},
            **content,
        },
        content,
        _METADATA,
    )


_OUTSIDE = {"apiVersion", "kind", "metadata", "status", "stringData"}
_TEXTS = st.dictionaries(_NAMES, st.sampled_from(["", "x"]), max_size=2)
#: What is planned always has an owner.
_OWNERS = [{"apiVersion": "v1", "kind": "Site", "name": "s", "uid": "o-1", "controller": True}]
_METADATA = st.fixed_dictionaries(
    {"ownerReferences": st.just(_OWNERS)},
    optional={"labels": _TEXTS, "annotations": st.one_of(_TEXTS, st.none())},
)


def _value(info: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    if info.format in _FORMATS:
        return _FORMATS[info.format]
    if info.ref:
        return _of_type(info, depth)
    if info.items is not None:
        return _list(info, info.items, depth)
    if info.values is not None:
        return st.dictionaries(_NAMES, _value(info.values, depth + 1), max_size=2)
    return _SCALARS[info.type]


def _of_type(info: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    found = type_info(info.ref)
    if found.fields is None:
        return _value(found.itself, depth)

    def struct() -> st.SearchStrategy[Any]:
        drawn = {name: field for name, field in (found.fields or {}).items() if _is_drawn(field, depth)}
        drawn.pop(_OLD_NAME, None)
        if not drawn:
            return st.just({})
        return st.lists(st.sampled_from(sorted(drawn)), unique=True, max_size=4).flatmap(
            lambda names: st.fixed_dictionaries({name: _value(drawn[name], depth + 1) for name in names})
        )

    return st.deferred(struct)


def _is_drawn(info: FieldInfo, depth: int) -> bool:
    inner = info.items or info.values or info
    return not inner.ref.endswith(_UNDRAWN) and (depth < _DEPTH or not inner.ref)


def _list(info: FieldInfo, items: FieldInfo, depth: int) -> st.SearchStrategy[Any]:
    keys = info.list_map_keys or ((info.merge_key,) if "merge" in info.patch_strategy else ())
    if not items.ref or not any(keys):
        unique = info.list_type == "set" or "merge" in info.patch_strategy
        return st.lists(_value(items, depth + 1), max_size=2, unique=unique)
    return st.lists(_item(items, keys, depth), max_size=3, unique_by=lambda item: _keys_of(item, items, keys))


def _item(items: FieldInfo, keys: tuple[str, ...], depth: int) -> st.SearchStrategy[Any]:
    known = type_info(items.ref).fields or {}
    always = {key: _value(known[key], depth + 1).filter(bool) for key in keys if known[key].default is None}
    often = {
        key: st.sampled_from([known[key].default, "UDP"]) for key in keys if known[key].default is not None
    }
    return st.builds(
        lambda rest, keyed: {**{name: value for name, value in rest.items() if name not in keys}, **keyed},
        _value(items, depth),
        st.fixed_dictionaries(always, optional=often),
    )


def _keys_of(item: Object, items: FieldInfo, keys: tuple[str, ...]) -> tuple[Any, ...]:
    known = type_info(items.ref).fields or {}
    return tuple(item.get(key, known[key].default) for key in keys)


# Places in random objects.


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all scalars."""
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [path]


def without(obj: Object, path: tuple[Any, ...]) -> Object:
    """Return a copy that lacks what is at a path."""
    changed = copy.deepcopy(obj)
    del _at(changed, path[:-1])[path[-1]]
    return changed


def changed_at(obj: Object, path: tuple[Any, ...]) -> Object:
    """Return a copy in which the scalar at a path is another one of its type."""
    changed = copy.deepcopy(obj)
    place = _at(changed, path[:-1])
    value = place[path[-1]]
    place[path[-1]] = not value if isinstance(value, bool) else "7" if isinstance(value, str) else value + 1
    return changed


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
