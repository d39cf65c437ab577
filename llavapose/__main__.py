"""``python -m llavapose COMMAND ...``: every command, from any folder."""

import runpy
import sys
from importlib import import_module

COMMANDS = {
    "generate": "llavapose.cli.generate",
    "train": "llavapose.cli.train",
    "evaluate": "llavapose.cli.evaluate",
    "export": "llavapose.cli.export",
    "ask": "llavapose.ask",
    "locate": "llavapose.cli.locate",
    "ledger": "llavapose.llm.ledger.show",
}


def main() -> int:
    """Run a command's module as a script; 1 with one line on stderr if there is no such command."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("--help", "-h"):
        print("python -m llavapose COMMAND ..., or llavapose-COMMAND ...; each says more with --help:\n")
        for command, module in COMMANDS.items():
            says = (import_module(module).__doc__ or "").splitlines()[0]
            print(f"  {command:<9} {says}")
        return 0
    if name not in COMMANDS:
        print(f"error: {name}: no such command; expected one of {', '.join(COMMANDS)}", file=sys.stderr)
        return 1
    del sys.argv[1]
    # As `python -m` would: Lightning starts further ranks by the name of the module that `__main__` is.
    runpy.run_module(COMMANDS[name], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
