"""Tests and checks, each in a fresh environment. `nox` runs all of them."""

import os
import pathlib
import shutil

import nox

# Where uv is there, an environment takes seconds and not a minute.
nox.options.default_venv_backend = "uv|venv"
# Many tests start Python anew, which without bytecode compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
for name in ("FIND_LINKS", "EXTRA_INDEX_URL"):
    # What pip was told of further packages holds for uv, and as pip takes it.
    if f"PIP_{name}" in os.environ:
        os.environ.setdefault(f"UV_{name}", os.environ[f"PIP_{name}"])
        os.environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")

BACKENDS = ["tensorflow", "jax", "torch"]
# The release whose CPU build the tests run on: a later one brings its own CUDA.
TORCH = "torch==2.13.0"
OLDEST_KERAS = "keras==3.13.0"
# The code of the pages runs on TensorFlow, and one page has a model of Keras Hub.
BESIDE = {"tensorflow": ["keras-hub"], "jax": [], "torch": [TORCH]}
# CONTRIBUTING.md says why these.
SITE = ["mkdocs<2", "mkdocs-material<10", "mkdocstrings[python]", "latex2mathml"]
# Most modules are never imported: compile those that are.
LAZILY = ["--no-compile"]
QUICKLY = {
    # Of two processes on two cores, each is faster with one thread.
    "OMP_NUM_THREADS": "1",
    # What XLA compiles here runs once or twice: LLVM need not make it any faster.
    "XLA_FLAGS": " ".join(
        [
            "--xla_backend_optimization_level=0",
            "--xla_llvm_disable_expensive_passes=true",
        ]
    ),
}
SEARCH = [f"tests/test_evidence_search{part}.py" for part in ("", "_page")]
# Two processes, and every file in one of them: what is made for it, is made once.
TWO = ["-n", "2", "--dist", "loadfile"]


def install(session, *extras):
    """Installs the package with extras, as a user would."""
    pins = [TORCH] if "torch" in extras else []
    session.install(*LAZILY, f".[{','.join(extras)}]", *pins)


@nox.session
def wheel(session):
    """The package as it would be released, from a source distribution of it."""
    session.install("build")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", silent=True)


def compiled_once(session):
    """Makes JAX keep what it compiles: many tests, of any session, compile the same."""
    return {
        "JAX_COMPILATION_CACHE_DIR": str(session.cache_dir.resolve() / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def test_the_wheel(session, backend, *pins):
    """Runs the whole suite on the wheel, out of reach of the sources it was made of."""
    cache = compiled_once(session)
    (wheel,) = pathlib.Path("dist").resolve().glob("*.whl")
    folder = pathlib.Path(session.create_tmp()).resolve()
    session.install(*LAZILY, f"{wheel}[{backend},dev]", *pins)
    suite = folder / "suite"
    shutil.rmtree(suite, ignore_errors=True)
    suite.mkdir()
    for part in ("tests", "benchmarks", "docs", "examples"):
        shutil.copytree(part, suite / part)
    metadata = ("CHANGELOG.md", "CITATION.cff", "LICENSE", "mkdocs.yml")
    texts = ("CONTRIBUTING.md", "README.md", *metadata)
    for part in ("conftest.py", "pyproject.toml", *texts):
        shutil.copy(part, suite)
    session.chdir(suite)
    what = session.posargs or ["tests", "--pyargs", "keras_mixup"]
    # The code of most pages needs TensorFlow, and the evidence has its own backends.
    once = {"tests/test_readme.py": "tensorflow"}
    once |= {"tests/test_evidence_cifar10.py": "torch"}
    once |= dict.fromkeys(SEARCH, "jax")
    others = [file for file, only in once.items() if only != backend]
    what = [*what, *(f"--ignore={file}" for file in others)]
    env = {"KERAS_BACKEND": backend, **cache, **QUICKLY}
    session.run("pytest", *TWO, *what, env=env)


@nox.session(requires=["wheel"])
@nox.parametrize("backend", BACKENDS)
def tests(session, backend):
    """The whole suite where no backend but one is installed."""
    test_the_wheel(session, backend, *BESIDE[backend])


@nox.session(default=False, requires=["wheel"])
def oldest(session):
    """The whole suite on the oldest Keras that the package allows."""
    test_the_wheel(session, "torch", TORCH, OLDEST_KERAS)


@nox.session
def lint(session):
    """Style, docstrings and the types that users of the package get."""
    session.install("ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def together(session):
    """What takes several backends or more: pipelines, examples and the evidence."""
    install(session, *BACKENDS, "all-examples", "loaders", "dev")
    files = ["tests/test_imports.py"]
    files += [f"tests/data/test_{name}.py" for name in ("pipeline", "loaders")]
    # In a pipeline TensorFlow runs, whatever trains: once is enough for the rest.
    more = ["tests/data/test_stage.py", "tests/_backend/test_compiling.py"]
    # Loaders need their packages; the loops of a backend run in its own session.
    more += ["tests/test_backend_pages.py"]
    export = ["tests/layers/test_saving.py", "-k", "not saving or saved_model"]
    on_jax, on_torch = ({"KERAS_BACKEND": name, **QUICKLY} for name in BACKENDS[1:])
    # With the programs of the session of JAX.
    on_jax |= compiled_once(session)
    session.run("pytest", *TWO, *files, *more, *export, env=on_jax)
    # The slowest of them first, beside all others.
    compiled = "test_steps_are_compiled_no_more_often_than_dropout"
    steps = f"tests/step/test_steps.py::{compiled}"
    session.run("pytest", *TWO, steps, *files, env=on_torch)
    # On PyTorch, which has nothing to compile for a training of a few steps.
    # Not by file: the examples are all in one.
    two = ["-n", "2", "-m", "examples", "tests/test_examples.py"]
    two += ["tests/test_notebooks.py"]
    session.run("pytest", *two, *session.posargs, env=on_torch)
    for module in ("benchmarks.evidence", "benchmarks.evidence.cifar10"):
        small = ["--quick", "--output", f"{session.create_tmp()}/{module}"]
        session.run("python", "-m", module, *small, env=on_torch)


@nox.session
def docs(session):
    """The site, where a warning, a link to nowhere or a missing name is an error."""
    session.install(*LAZILY, *SITE, "pytest", "ruff")
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", env=quiet)
    # Without Keras: the sources are read, not run.
    complete = ["--noconftest", "tests/test_site.py"]
    session.run("pytest", *complete, env={"SITE": "site"})


@nox.session(default=False)
def pictures(session):
    """Every picture of the docs, and what the cells of the notebooks print."""
    install(session, "jax", "all-examples")
    session.run("python", "docs/site_diagrams.py", env={"KERAS_BACKEND": "jax"})
    session.install("ipykernel", "nbclient")
    notebooks = map(str, sorted(pathlib.Path("docs/tutorials").glob("*.ipynb")))
    execute = ["python", "docs/site_execute.py", *notebooks]
    session.run(*execute, env={"KERAS_BACKEND": "jax"})
    for file in sorted(pathlib.Path("docs/pictures").glob("*.png")):
        command = ["python", f"examples/{file.stem}.py", "--output", str(file)]
        session.run(*command, env={"KERAS_BACKEND": "jax"})


@nox.session(default=False)
def benchmarks(session):
    """Every ratio of docs/benchmarks.md, where nothing else runs."""
    install(session, *BACKENDS, "benchmarks")
    session.run("python", "-m", "benchmarks", *session.posargs)
