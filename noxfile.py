"""Tests and checks, each in a fresh environment. `nox` runs all of them."""

import nox

nox.options.default_venv_backend = "venv"

BACKENDS = ["tensorflow", "jax", "torch"]
# The release whose CPU build the tests run on: a later one brings its own CUDA.
TORCH = "torch==2.13.0"
# Two processes, and every file in one of them: what is made for it, is made once.
TWO = ["-n", "2", "--dist", "loadfile"]


def install(session, *extras):
    """Installs the package with extras, as a user would."""
    pins = [TORCH] if "torch" in extras else []
    session.install(f".[{','.join(extras)}]", *pins)


@nox.session
@nox.parametrize("backend", BACKENDS)
def tests(session, backend):
    """The whole suite where no backend but one is installed."""
    install(session, backend, "dev")
    session.run("pytest", *TWO, *session.posargs, env={"KERAS_BACKEND": backend})


@nox.session
def pipelines(session):
    """Data pipelines where TensorFlow is installed but not the backend."""
    install(session, *BACKENDS, "dev")
    files = [
        f"tests/test_{name}.py"
        for name in ("pipeline", "stage", "fusion", "imports", "readme")
    ]
    export = ["tests/test_saving.py", "-k", "not saving or saved_model"]
    for backend in BACKENDS[1:]:
        session.run("pytest", *TWO, *files, *export, env={"KERAS_BACKEND": backend})


@nox.session
def lint(session):
    """Style, docstrings and the types that users of the package get."""
    session.install("ruff")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def examples(session):
    """Every example, at its smallest."""
    install(session, "jax", "all-examples", "dev")
    # Not by file: the examples are all in one.
    two = ["-n", "2", "-m", "examples", "tests/test_examples.py"]
    session.run("pytest", *two, *session.posargs, env={"KERAS_BACKEND": "jax"})


@nox.session(default=False)
def benchmarks(session):
    """Every ratio of docs/benchmarks.md, where nothing else runs."""
    install(session, *BACKENDS, "benchmarks")
    session.run("python", "-m", "benchmarks", *session.posargs)
