"""What the UI shows of an asset: counts, tables, pictures."""

import base64
from collections.abc import Mapping
from typing import Any

import dagster as dg

from video_assets.foundation.store import Made, Project

PICTURE_LIMIT = 60_000
"""Bytes of an inlined picture: it lives in the event log."""

TABLE_ROWS = 50


def picture(data: bytes, alt: str) -> dg.MarkdownMetadataValue:
    """A JPEG or PNG inlined into Markdown."""
    if len(data) > PICTURE_LIMIT:
        raise ValueError(f"{alt}: {len(data)} bytes; at most {PICTURE_LIMIT} are inlined")
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return dg.MetadataValue.md(
        f"![{alt}](data:image/{kind};base64,{base64.b64encode(data).decode()})"
    )


def _cell(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def metadata_value(name: str, value: Any) -> Any:
    """A figure, a table (list of dicts), a picture (bytes) or a text, as Dagster shows it."""
    if isinstance(value, bytes):
        return picture(value, name)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        rows = [dg.TableRecord({k: _cell(v) for k, v in row.items()}) for row in value[:TABLE_ROWS]]
        return dg.MetadataValue.table(rows)
    if isinstance(value, list | tuple):
        return dg.MetadataValue.md("\n".join(f"- {v}" for v in value) or "none")
    if isinstance(value, Mapping):
        return dg.MetadataValue.json({str(k): _cell(v) for k, v in value.items()})
    return dg.MetadataValue.text(str(value))


def report(
    key: dg.AssetKey, project: Project, made: Made, shown: Mapping[str, Any]
) -> dg.MaterializeResult[Any]:
    """The materialisation of an asset: data version, row count, files, figures."""
    manifest = made.manifest
    meta: dict[str, Any] = {name: metadata_value(name, value) for name, value in shown.items()}
    if "rows" in shown:
        meta["dagster/row_count"] = meta.pop("rows")
    if manifest.outputs:
        meta["dagster/uri"] = str(project.path(max(manifest.outputs, key=lambda o: o.size).path))
    meta["files"] = len(manifest.outputs)
    meta["bytes"] = sum(o.size for o in manifest.outputs)
    meta["unchanged"] = not made.fresh
    meta["facts"] = dg.MetadataValue.json(manifest.facts)
    return dg.MaterializeResult(
        asset_key=key, data_version=dg.DataVersion(manifest.data_version), metadata=meta
    )
