"""The program: its commands, loaded when they are called, and the one place where errors end."""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from portshift import __version__
from portshift.cli.examples import examples
from portshift.core.errors import PortshiftError

_COMMANDS = {
    "install": "portshift.cli.wrapper:install",
    "upgrade": "portshift.cli.wrapper:upgrade",
    "template": "portshift.cli.wrapper:template",
    "post-render": "portshift.cli.post_render:post_render",
    "images": "portshift.cli.images:images",
    "identities": "portshift.cli.identities:identities",
    "registries": "portshift.cli.registries:registries",
    "artifacts": "portshift.cli.artifacts:artifacts",
    "access": "portshift.cli.access:access",
    "login": "portshift.cli.login:login",
    "status": "portshift.cli.status:status",
    "last-error": "portshift.cli.last_error:last_error",
    "completion": "portshift.cli.completion:completion",
    "version": "portshift.cli.version:version",
    "__complete": "portshift.cli.completion:complete",
}
_INTERRUPTED = 130
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called: start-up counts (DESIGN §4.2)."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click asks so
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 click asks so
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 the table above is ours
        return command


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "helm portshift upgrade --install web ./chart",
        "helm template web ./chart | portshift images",
        "portshift identities list --in-namespace shop",
    ),
)
@click.version_option(__version__, message="portshift %(version)s")
def root() -> None:
    """Signed image identities from Artifactory to the cluster.

    Exit codes: 0 done, 1 failed, 2 usage, 3 blocked by policy or revoked, 4 a neighbour could not be
    reached, 5 verification failed.
    """


def main() -> NoReturn:
    """Run the program on this process's arguments and end the process."""
    gc.disable()  # a short process: collecting costs 8 ms of every rendering and frees next to nothing
    if sys.stderr is None:
        # Closed (`2>&-`): print would send error lines to stdout, among the results.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 open as long as the process
    if sys.stdout is None:
        sys.exit(_failed(sys.argv[1:], 1, "stdout is closed; send the result somewhere, such as a file"))
    exit_code = run(sys.argv[1:])
    gc.freeze()  # nothing for the collection at the end, which would take 15 ms
    sys.exit(exit_code)


def run(arguments: Sequence[str]) -> int:
    """Run one command; every error becomes one line on stderr and an exit code here and nowhere else."""
    try:
        result: Any = root.main(args=list(arguments), prog_name="portshift", standalone_mode=False)
        sys.stdout.flush()
    except PortshiftError as error:
        return _failed(arguments, error.exit_code, str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _failed(arguments, error.exit_code, _usage_line(error))
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`).
        _drop_stdout()
        return 1
    except Exception as error:  # the outermost edge: a fault of ours still is one line
        return _unexpected(arguments, error)
    return result if isinstance(result, int) else 0


def _unexpected(arguments: Sequence[str], error: Exception) -> int:
    if isinstance(error, OSError) and error.errno in _FULL:
        _drop_stdout()
        return _failed(arguments, 1, f"cannot write the result: {error.strerror}; free space there")
    import traceback

    line = f"unexpected {type(error).__name__}: {error}; see `portshift last-error` and report it"
    return _failed(arguments, 1, " ".join(line.split()), detail=traceback.format_exc())


def _drop_stdout() -> None:
    """Keep the interpreter from flushing once more, at its end, into what takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_line(error: click.ClickException) -> str:
    message = " ".join(error.format_message().split()).removesuffix(".")
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message}; see `{error.ctx.command_path} --help`"
    return message


def _failed(arguments: Sequence[str], exit_code: int, line: str, *, detail: str | None = None) -> int:
    print(f"Error: {line}", file=sys.stderr)  # noqa: T201 the one error line
    if detail is not None or list(arguments[:1]) == ["post-render"]:
        from portshift.cli.aftermath import keep_failure

        keep_failure(arguments, exit_code, line, detail=detail)
    return exit_code
