"""``python -m okrbridge`` and the command ``okrbridge``."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from okrbridge.cli import run  # noqa: PLC0415 - modules do nothing when imported

    run()


if __name__ == "__main__":
    main()
