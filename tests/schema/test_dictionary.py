from pathlib import Path

from sopwb.schema import load_schema
from sopwb.schema.dictionary import TITLES, dictionary
from sopwb.schema.load import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dictionary.md"


def test_the_committed_dictionary_is_what_the_declarations_say():
    said = dictionary(load_schema())
    remedy = "python -m sopwb.schema.dictionary > docs/dictionary.md"
    assert PAGE.read_text(encoding="utf-8") == said, remedy


def test_every_kind_of_table_is_listed():
    assert set(TITLES) == set(KINDS)


def test_every_table_and_column_has_a_place():
    lines = dictionary(load_schema()).splitlines()
    for table in load_schema().values():
        page = lines[lines.index(f"### {table.name}") :]
        end = next((place for place, line in enumerate(page[1:], 1) if line.startswith("#")), len(page))
        names = [line.split("|")[1].strip().strip("*") for line in page[:end] if line.startswith("| ")]
        assert names[1:] == list(table.columns), table.name


def test_a_column_says_its_rules(tmp_path):
    path = tmp_path / "toll.yaml"
    path.write_text(
        "table: toll\n"
        "kind: master\n"
        "grain: One toll maker.\n"
        "required: true\n"
        "key: [toll]\n"
        "columns:\n"
        "  toll: {type: text, holds: Its code., references: resource}\n"
        "  share_rate: {type: number, unit: rate, minimum: 0, maximum: 1, default: 0.5, holds: A | B.}\n"
        "  note: {type: text, optional: true, one_of: [near, far], holds: Where it is.}\n",
        encoding="utf-8",
    )
    page = dictionary(load_schema([path]))
    assert "### toll\n\nOne toll maker. Required.\n" in page
    assert "| **toll** | text | Its code. | refers to [resource](#resource) |" in page
    assert "| share_rate | number, rate | A \\| B. | at least 0; at most 1; default `0.5` |" in page
    assert "| note | text | Where it is. | one of `near`, `far`; may be missing |" in page


def test_the_dictionary_of_a_customer_bears_its_name_and_its_words(tmp_path):
    path = tmp_path / "activity.yaml"
    path.write_text("table: activity\ncolumns:\n  kind: {also_one_of: [sampling]}\n", encoding="utf-8")
    page = dictionary(load_schema([path]), "acme")
    assert page.startswith("# Data dictionary of acme\n")
    assert "`tender`, `sampling`, or a word a customer adds" in page
    assert "sampling" not in dictionary(load_schema())
