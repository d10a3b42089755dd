"""Small charts for tests."""

from gwdeployer.chart import Chart, Source

HEAD = "apiVersion: v1\nkind: ConfigMap\n"


def chart(body="", helpers=None, schema=None, defaults=None, **more):
    """Return a chart of one template, whose body begins on line 3; ``more`` are further templates."""
    templates = {"a.yaml.j2": HEAD + body, **{f"{name}.yaml.j2": text for name, text in more.items()}}
    if helpers is not None:
        templates["_helpers.j2"] = helpers
    return Chart(Source("demo", templates, schema=schema, values=defaults or {}))


def rendered(body, values=None, helpers=None):
    """Return what the body of the one object became."""
    (found,) = chart(body, helpers).render(values or {})
    assert (found.pop("apiVersion"), found.pop("kind")) == ("v1", "ConfigMap")
    return found
