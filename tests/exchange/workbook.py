"""Change single cells of a workbook as a person would, without a spreadsheet program."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def fill(path: Path, cells: dict[str, object], sheet: str = "Forecast", *, recompute: bool = True) -> None:
    """Put values into cells by name; what formulas last gave is forgotten, as when it is not recomputed."""
    ET.register_namespace("", SPACE[1:-1])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = _part(parts, sheet)
    root = ET.fromstring(parts[name])
    found = {cell.get("r"): cell for cell in root.iter(f"{SPACE}c")}
    for place, value in cells.items():
        _put(found[place] if place in found else _new(root, place), value)
    parts[name] = ET.tostring(root)
    if recompute:
        for part in [part for part in parts if part.startswith("xl/worksheets/sheet")]:
            parts[part] = _forgotten(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def resave(path: Path) -> None:
    """Write the workbook as LibreOffice does when it saves it: the same values in other words.

    Texts are shared in another order, styles have other numbers, each row has empty cells with a style, and
    every formula has the value it last gave.
    """
    ET.register_namespace("", SPACE[1:-1])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    texts = ET.fromstring(parts["xl/sharedStrings.xml"])
    texts[:] = list(texts)[::-1]
    parts["xl/sharedStrings.xml"] = ET.tostring(texts)
    styles = ET.fromstring(parts["xl/styles.xml"])
    formats = styles.find(f"{SPACE}cellXfs")
    formats.insert(0, ET.fromstring(ET.tostring(formats[0])))
    formats.set("count", str(len(formats)))
    parts["xl/styles.xml"] = ET.tostring(styles)
    for part in [part for part in parts if part.startswith("xl/worksheets/sheet")]:
        root = ET.fromstring(parts[part])
        for cell in root.iter(f"{SPACE}c"):
            cell.set("s", str(int(cell.get("s", "0")) + 1))
            value = cell.find(f"{SPACE}v")
            if cell.get("t") == "s":
                value.text = str(len(texts) - 1 - int(value.text))
            elif cell.get("t") is None and value is not None:
                cell.set("t", "n")
        for row in root.iter(f"{SPACE}row"):
            ET.SubElement(row, f"{SPACE}c", {"r": f"BA{row.get('r')}", "s": "1"})
        parts[part] = ET.tostring(root)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def _part(parts: dict[str, bytes], sheet: str) -> str:
    book = ET.fromstring(parts["xl/workbook.xml"])
    wanted = next(item.get(RELATION) for item in book.iter(f"{SPACE}sheet") if item.get("name") == sheet)
    links = ET.fromstring(parts["xl/_rels/workbook.xml.rels"])
    return "xl/" + next(link.get("Target") for link in links if link.get("Id") == wanted)


def _new(root: ET.Element, place: str) -> ET.Element:
    number = re.sub("[A-Z]", "", place)
    rows = {row.get("r"): row for row in root.iter(f"{SPACE}row")}
    data = next(root.iter(f"{SPACE}sheetData"))
    row = rows[number] if number in rows else ET.SubElement(data, f"{SPACE}row", {"r": number})
    return ET.SubElement(row, f"{SPACE}c", {"r": place})


def _put(cell: ET.Element, value: object) -> None:
    for child in list(cell):
        cell.remove(child)
    cell.attrib.pop("t", None)
    if isinstance(value, str):
        cell.set("t", "inlineStr")
        ET.SubElement(ET.SubElement(cell, f"{SPACE}is"), f"{SPACE}t").text = value
    elif value is not None:
        ET.SubElement(cell, f"{SPACE}v").text = repr(value)


def _forgotten(content: bytes) -> bytes:
    root = ET.fromstring(content)
    for cell in root.iter(f"{SPACE}c"):
        value = cell.find(f"{SPACE}v")
        if cell.find(f"{SPACE}f") is not None and value is not None:
            cell.remove(value)
    return ET.tostring(root)
