"""The definitions of the configured folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from okrbridge.definitions.loader import Loaded, load
from okrbridge.errors import DefinitionError, Fault

_REMEDY = "; give the folder with --config or OKRBRIDGE_CONFIG"


def load_configured(config: Path) -> Loaded:
    """Load the definitions that the settings name.

    Raises:
        DefinitionError: with every fault; a folder that is not there is told with how to name another.
    """
    try:
        return load([config])
    except DefinitionError as problem:
        raise DefinitionError([_with_remedy(fault, config) for fault in problem.faults]) from problem


def _with_remedy(fault: Fault, config: Path) -> Fault:
    is_folder_missing = fault.code == "no_such_file" and fault.file == str(config)
    return dataclasses.replace(fault, message=fault.message + _REMEDY) if is_folder_missing else fault
