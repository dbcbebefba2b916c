"""The site that `nox -s docs` built: nothing public is missing on it."""

import html
import os
import pathlib
import re

import pytest

if "SITE" not in os.environ:
    pytest.skip("SITE names no site that was built", allow_module_level=True)

import griffe

ROOT = pathlib.Path(__file__).parents[1]
SITE = pathlib.Path(os.environ["SITE"])

# What Keras documents, of its layers, losses, callbacks and data sets.
OF_KERAS = {
    "build",
    "call",
    "compute_mask",
    "compute_output_shape",
    "from_config",
    "get_config",
    "load_own_variables",
    "metrics",
    "num_batches",
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_train_begin",
    "save_own_variables",
    "set_weights",
}
# What classes of the package tell each other, and arguments that can be read.
INTERNAL = {
    "blend",
    "can_compile",
    "check_in_model",
    "check_parts",
    "distance",
    "distribution",
    "draw_plan",
    "extra_noise",
    "features",
    "has_region",
    "indices",
    "label_keys",
    "may_mix",
    "may_paste",
    "mix_batch",
    "mix_in_model",
    "mix_inputs",
    "mix_tensor",
    "next_stage",
    "num_classes",
    "num_partners",
    "num_uniforms",
    "of_terms",
    "only_pastes",
    "pairings",
    "parameters_in_model",
    "parameters_in_pipeline",
    "shards",
    "shares",
    "take_contract",
    "then",
    "weighted_indices",
    "where",
    "with_terms",
    "without_shards",
}
# The fields of a plan, a named tuple, are its arguments.
FIELDS = ("partners", "share", "shard_partners", "region")
# Of this name a plan has a public one.
INTERNAL_OF_LAYERS = {"draw", "draws_from_shapes", "draws_on_host"}


def anchors():
    pages = sorted((SITE / "api").rglob("*.html"))
    found = (re.findall(r'id="(keras_mixup[^"]*)"', page.read_text()) for page in pages)
    return [html.unescape(anchor) for anchors in found for anchor in anchors]


def public_objects():
    """The public names of the package and of its modules, with what they stand for."""
    package = griffe.load("keras_mixup", search_paths=[ROOT])
    for name in package.exports:
        object_ = package[name]
        yield f"keras_mixup.{name}", object_
        if object_.is_module:
            for inner in object_.exports:
                found = object_[inner]
                # As Python does, which imports the function after its module.
                found = found[inner] if found.is_module else found
                yield f"keras_mixup.{name}.{inner}", found


def members(class_):
    """Its methods, properties and parameters, also those of its bases."""
    for name, member in class_.all_members.items():
        is_attribute = member.is_attribute and not (
            "property" in member.labels or "Parameter(" in str(member.value)
        )
        if name.startswith("_") or member.is_class or is_attribute:
            continue
        is_plan = "draw" in class_.all_members and "lam" in class_.all_members
        hidden = OF_KERAS | INTERNAL | (set() if is_plan else INTERNAL_OF_LAYERS)
        yield name, member, name in hidden


def arguments(function):
    """The names of the arguments, as anchors have them."""
    stars = {"variadic positional": "*", "variadic keyword": "**"}
    for parameter in function.parameters:
        if parameter.name not in ("self", "cls"):
            yield (
                stars.get(parameter.kind and parameter.kind.value, "") + parameter.name
            )


OBJECTS = dict(public_objects())
CLASSES = [path for path, object_ in OBJECTS.items() if object_.is_class]


def expected():
    """Every anchor that the site must have."""
    for path, object_ in OBJECTS.items():
        yield path
        if object_.is_module:
            continue
        yield from (f"{path}({name})" for name in arguments(object_))
        if not object_.is_class:
            continue
        if path == "keras_mixup.MixPlan":
            yield from (f"{path}({name})" for name in FIELDS)
        for name, member, hidden in members(object_):
            if hidden:
                continue
            yield f"{path}.{name}"
            if member.is_function:
                yield from (f"{path}.{name}({each})" for each in arguments(member))


def test_every_public_name_method_and_argument_is_on_the_site():
    assert sorted(set(expected()) - set(anchors())) == []


def test_no_internal_is_on_the_site():
    hidden = {
        f"{path}.{name}"
        for path in CLASSES
        for name, _, is_hidden in members(OBJECTS[path])
        if is_hidden
    }
    assert sorted(hidden & set(anchors())) == []


def test_every_page_describes_itself():
    found = {}
    for page in SITE.rglob("*.html"):
        pattern = r'<meta name="description" content="([^"$]+)"'
        said = re.search(pattern, page.read_text())
        found[page.relative_to(SITE).as_posix()] = said and said[1]
    del found["404.html"]
    assert None not in found.values()
    assert len(set(found.values())) == len(found)


def test_loops_of_the_backends_are_in_tabs():
    page = (SITE / "guides/loops/index.html").read_text()
    labels = re.findall(r'<div class="tabbed-labels">(.*?)</div>', page)
    titles = [re.findall(r"<label[^>]*>(.*?)</label>", each) for each in labels]
    assert titles == [["TensorFlow", "JAX", "PyTorch"]] * 2


def test_long_tables_of_results_are_folded():
    pages = [SITE / "benchmarks/index.html", *(SITE / "evidence").rglob("*.html")]
    assert len(pages) > 3
    for page in pages:
        opened = re.sub(r"<details.*?</details>", "", page.read_text(), flags=re.S)
        rows = [table.count("<tr") for table in re.split("</?table", opened)[1::2]]
        assert max(rows, default=0) <= 15, page


def test_nothing_is_on_the_site_twice():
    found = anchors()
    assert sorted({each for each in found if found.count(each) > 1}) == []


def test_what_is_called_internal_exists():
    names = {name for path in CLASSES for name, *_ in members(OBJECTS[path])}
    assert sorted((INTERNAL | INTERNAL_OF_LAYERS | OF_KERAS) - names) == []


@pytest.mark.parametrize("path", CLASSES)
def test_arguments_of_a_call_are_documented(path):
    class_ = OBJECTS[path]
    section = re.search(
        r"^Call arguments:\n((?:    .*\n|\n)+)", class_.docstring.value, re.M
    )
    if section is None:
        return
    call = class_.all_members["__call__"]
    names = [name for name in arguments(call) if not name.startswith("*")]
    assert [name for name in names if not re.search(rf"\b{name}\b", section[1])] == []


@pytest.mark.parametrize(
    "path", [path for path, object_ in OBJECTS.items() if not object_.is_module]
)
def test_an_object_has_its_signature_and_its_source(path):
    name = path.rpartition(".")[2]
    pages = [page.read_text() for page in sorted((SITE / "api").rglob("*.html"))]
    (page,) = (page for page in pages if f'id="{path}"' in page)
    block = page.split(f'id="{path}"')[1].split('<div class="doc doc-object ')[0]
    text = html.unescape(re.sub(r"<[^>]+>", "", block))
    if path != "keras_mixup.policies.Policy":  # For subclasses, without arguments.
        assert re.search(rf"^{name}\(", text, re.M)
    assert "Source code" in text
