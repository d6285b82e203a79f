"""What people write into brand.yaml is understood, or named."""

import pytest

from video_assets.finishing.brand import load_brand
from video_assets.foundation.errors import BriefError


@pytest.mark.parametrize(
    "text",
    [
        "colors: {primary: '#ffaa33'}\n",
        "colours: {primary: '#fa3'}\n",
        "colors:\n  primary: '#FFAA33'\n",
    ],
    ids=["american", "british-short", "block"],
)
def test_colours_in_every_spelling(tmp_path, text):
    (tmp_path / "brand.yaml").write_text(f"name: Acme\n{text}")
    kit = load_brand(tmp_path, "else")
    assert kit.name == "Acme" and kit.primary.lower() == "#ffaa33"


def test_no_file_is_a_quiet_default(tmp_path):
    assert load_brand(tmp_path, "City Ride").name == "City Ride"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nam: Acme\n", "unknown key 'nam'"),
        ("colors: blue\n", "must hold primary, ink, paper"),
        ("colors: {primery: '#fff'}\n", "unknown key 'primery'"),
        ("colors: {primary: notacolour}\n", "notacolour"),
        ("name: 5\n", "put it in quotes"),
        ("- a\n", "keys and values"),
        ("a: [\n", "YAML"),
    ],
)
def test_mistakes_are_named_with_the_file(tmp_path, text, told):
    (tmp_path / "brand.yaml").write_text(text)
    with pytest.raises(BriefError, match=r"brand\.yaml") as caught:
        load_brand(tmp_path, "else")
    assert told in str(caught.value)
