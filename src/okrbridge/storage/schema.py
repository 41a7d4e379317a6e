"""The whole schema: whoever asks here for the metadata has loaded every module that declares tables."""

from __future__ import annotations

from okrbridge.storage import access_tables, okr_tables, tables

TABLE_MODULES = (tables, access_tables, okr_tables)
metadata = tables.metadata
