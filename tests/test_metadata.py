"""What names the version or describes the package, in one place as in another."""

import pathlib
import re
import tomllib

import keras_mixup

ROOT = pathlib.Path(__file__).parents[1]
FILES = ("CHANGELOG.md", "CITATION.cff", "mkdocs.yml", "pyproject.toml")
CHANGELOG, CITATION, SITE, _ = ((ROOT / name).read_text("utf-8") for name in FILES)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def found(pattern, text):
    return re.search(pattern, text, re.MULTILINE)[1]


def releases():
    """Pairs of version and date of the changelog, the latest first."""
    return re.findall(r"^## (\d\S*) - (.+)$", CHANGELOG, re.MULTILINE)


def test_versions_agree():
    version = keras_mixup.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert found(r"^version: (.+)$", CITATION) == version
    assert releases()[0][0] == version
    assert PROJECT["dynamic"] == ["version"]


def test_descriptions_agree():
    description = PROJECT["description"]
    assert keras_mixup.__doc__ == f"{description}."
    assert found(r"^site_description: (.+)$", SITE) == description
    assert found(r'^title: "keras_mixup: (.+)"$', CITATION) == description


def test_licenses_agree():
    assert found(r"^license: (.+)$", CITATION) == PROJECT["license"]
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")


def test_the_changelog_has_the_form_of_releases():
    versions = [tuple(map(int, version.split("."))) for version, _ in releases()]
    assert versions == sorted(versions, reverse=True)
    for _, date in releases():
        assert re.fullmatch(r"unreleased|\d{4}-\d\d-\d\d", date)
    others = [date for _, date in releases()[1:]]
    assert "unreleased" not in others
    titles = re.findall(r"^## (\D.*)$", CHANGELOG, re.MULTILINE)
    assert titles == ["Stability"]
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= KINDS


def test_the_citation_gives_a_date_once_there_is_one():
    date = releases()[0][1]
    said = re.findall(r"^date-released: (.+)$", CITATION, re.MULTILINE)
    assert said == ([] if date == "unreleased" else [date])
