"""What people call the columns of the spreadsheet in which they keep objectives and key results."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "objective": (
        "objective", "objectives", "goal", "goals", "objective title", "objective name",
        "ziel", "ziele", "objectif", "objectifs", "objetivo", "objetivos", "obiettivo", "doel",
    ),
    "key_result": (
        "key result", "key results", "kr", "krs", "keyresult", "metric", "result", "key result title",
        "key result name", "schlusselergebnis", "schlusselergebnisse", "schluesselergebnis", "resultat cle",
        "resultats cles", "resultado clave", "resultados clave", "resultado chave", "resultados chave",
        "risultato chiave", "kernresultaat",
    ),
    "owner": (
        "owner", "dri", "responsible", "lead", "assignee", "key result owner", "objective owner",
        "verantwortlich", "verantwortliche", "verantwortlicher", "responsable", "responsavel", "responsabile",
    ),
    "team": ("team", "department", "squad", "group", "abteilung", "equipe", "equipo"),
    "start": (
        "start", "from", "baseline", "initial", "start value", "starting value", "baseline value", "initial value",
        "startwert", "ausgangswert", "depart", "valeur initiale", "inicio", "valor inicial",
    ),
    "target": (
        "target", "to", "end", "target value", "goal value", "zielwert", "cible", "valeur cible", "meta",
        "valor objetivo",
    ),
    "current": (
        "current", "actual", "value", "now", "current value", "aktuell", "aktueller wert", "actuel",
        "valeur actuelle", "actual value", "valor actual",
    ),
    "due": (
        "due", "due date", "deadline", "end date", "by", "target date", "fallig", "fallig am", "faellig", "termin",
        "echeance", "fecha limite", "vencimiento",
    ),
    "confidence": ("confidence", "conf", "confidence level", "zuversicht", "confiance", "confianza"),
    "unit": ("unit", "units", "einheit", "unite", "unidad"),
    "why": ("why", "reason", "rationale", "warum", "pourquoi", "por que"),
    "type": ("type", "item type", "level", "typ", "tipo"),
    "title": ("title", "name", "titel", "titre", "nom", "titulo", "nombre"),
}  # fmt: skip
"""The columns that are read, and what people call them, without accents."""


def columns_of(headings: Sequence[str]) -> list[str]:
    """The name of the column that each heading means, whatever its case and accents; empty for none.

    Where two say the same in other words, such as Key Result and Metric, or Start and Baseline, the one that stands
    first in ``COLUMNS`` is meant.
    """
    found = [_meaning(heading) for heading in headings]
    best: dict[str, int] = {}
    for name, rank in found:
        best[name] = min(rank, best.get(name, rank))
    return [name if rank == best[name] else "" for name, rank in found]


def _meaning(heading: str) -> tuple[str, int]:
    """The column that a heading means, and its place among the words for it."""
    letters = unicodedata.normalize("NFKD", heading.casefold())
    plain = " ".join(re.findall(r"\w+", "".join(each for each in letters if not unicodedata.combining(each))))
    return next(((name, called.index(plain)) for name, called in COLUMNS.items() if plain in called), ("", 0))
