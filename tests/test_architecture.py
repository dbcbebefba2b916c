"""What may import what. CONTRIBUTING draws the picture."""

import ast
import graphlib
import pathlib

import pytest

import keras_mixup

PACKAGE = pathlib.Path(keras_mixup.__file__).parent
MAY_IMPORT = {
    "_backend": set(),
    "random": {"_backend"},
    "pairing": {"_backend"},
    "plans": {"_backend", "random", "pairing", "regions"},
    "policies": {"_backend", "random", "pairing"},
    "regions": {"_backend"},
    "schedules": {"_backend"},
    "data": {"_backend", "random", "plans"},
    "step": {"_backend"},
    "layers": {
        *("_backend", "random", "pairing", "plans", "policies", "regions"),
        *("data", "step"),
    },
    "losses": {"_backend", "plans", "step"},
    "callbacks": {"_backend", "layers", "losses"},
    "visualization": {"_backend", "data", "layers"},
}
FILES = [path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py")]


def name_of(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in FILES}


def imports(path):
    """The modules of the package that a file imports, or takes a name from."""
    found = set()
    tree = ast.parse((PACKAGE.parent / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
    return {name for name in found if name.partition(".")[0] == "keras_mixup"}


def package_of(name):
    return name.split(".")[1] if "." in name else None


def test_imports_run_downwards():
    for name, path in MODULES.items():
        package = package_of(name)
        if package is None:
            continue  # The public names, from anywhere.
        others = {package_of(other) for other in imports(path)} - {package}
        assert others <= MAY_IMPORT[package], name


def test_the_order_of_packages_has_no_circle():
    # And so no layer knows a loss, nor a loss a layer.
    assert list(graphlib.TopologicalSorter(MAY_IMPORT).static_order())


def test_no_import_runs_in_a_circle():
    graph = {name: imports(path) for name, path in MODULES.items()}
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_holds_one_concept(path):
    lines = (PACKAGE.parent / path).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    if path.name == "__init__.py":
        # Names from elsewhere, and what they are.
        assert not any(line.startswith(("class ", "@")) for line in lines)


@pytest.mark.parametrize(
    "name",
    ["pairing", "policies", "random", "regions", "schedules", "visualization"],
)
def test_a_public_module_shows_its_public_names(name):
    module = getattr(keras_mixup, name)
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, each) for each in module.__all__)
    for each in module.__all__:
        assert getattr(module, each).__doc__
