"""Run the command line."""

import gc


def main() -> int:
    """Run the command line and return its exit code."""
    gc.disable()  # nothing is garbage while all is being loaded; looking for some takes a tenth of a start
    from prp_mcp.cli.main import main as run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
