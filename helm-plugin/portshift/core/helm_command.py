"""What a ``helm install|upgrade|template`` command line says, read with Helm's own flag rules.

Helm tells a post-renderer neither release nor namespace, so both are read from the arguments of the Helm
process above it. The table joins the flags of Helm 3.17 to 4.2; tests/helm compares it with ``--help``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from portshift.core.wire import Intent, Release

# fmt: off
VALUE_FLAGS = frozenset({
    "api-versions", "burst-limit", "ca-file", "cert-file", "color", "colour", "content-cache",
    "description", "history-max", "key-file", "keyring", "kube-apiserver", "kube-as-group",
    "kube-as-user", "kube-ca-file", "kube-context", "kube-tls-server-name", "kube-token",
    "kube-version", "kubeconfig", "labels", "name-template", "namespace", "output", "output-dir",
    "password", "post-renderer", "post-renderer-args", "qps", "registry-config", "repo",
    "repository-cache", "repository-config", "set", "set-file", "set-json", "set-literal", "set-string",
    "show-only", "timeout", "username", "values", "version",
})
# fmt: on
SHORT_FLAGS = {
    "a": "api-versions",
    "f": "values",
    "g": "generate-name",
    "h": "help",
    "i": "install",
    "l": "labels",
    "n": "namespace",
    "o": "output",
    "s": "show-only",
}
RENDERING_COMMANDS = frozenset({"install", "upgrade", "template"})

_HELM_FILE = re.compile(r"helm([-_.]?v?\d[\w.-]*)?(\.exe)?\Z", re.IGNORECASE)
_NOT_DRY = frozenset({"none", "false", "f", "0"})


class HelmCommand(NamedTuple):
    """One Helm command line that renders a chart; absent parts were not given.

    ``behind_plugin`` says that another Helm process, one that runs a plugin, stands between it and us:
    then ``HELM_NAMESPACE`` is that plugin's, computed without this command's own flags.
    """

    subcommand: str
    release: str | None = None
    chart: str | None = None
    namespace: str | None = None
    kube_context: str | None = None
    kubeconfig: str | None = None
    dry_run: bool = False
    behind_plugin: bool = False

    @property
    def intent(self) -> Intent:
        """Deploy for an install or upgrade that is no dry run, else render."""
        return Intent.RENDER if self.subcommand == "template" or self.dry_run else Intent.DEPLOY

    @property
    def names_cluster(self) -> bool:
        """Whether its namespace comes from another kubeconfig or context than the current one."""
        return self.kube_context is not None or self.kubeconfig is not None

    @property
    def as_release(self) -> Release:
        """The release as a registration carries it."""
        return Release(name=self.release, namespace=self.namespace, chart=self.chart)


def is_helm(argument: str) -> bool:
    """Whether a process's first argument names Helm, on any system: ``/opt/a b/helm3``, ``Helm.exe``."""
    return _HELM_FILE.match(re.split(r"[/\\]", argument)[-1]) is not None


def find_helm_command(ancestors: Sequence[Sequence[str]]) -> HelmCommand | None:
    """The nearest of our ancestors that renders a chart.

    Args:
        ancestors: the arguments of each process above ours, the parent first.

    """
    behind_plugin = False
    for arguments in ancestors:
        if not arguments or not is_helm(arguments[0]):
            continue
        command = parse_helm_command(arguments[1:], behind_plugin=behind_plugin)
        if command is not None:
            return command
        behind_plugin = True
    return None


def parse_helm_command(arguments: Sequence[str], *, behind_plugin: bool = False) -> HelmCommand | None:
    """Read the arguments after ``helm``; None when the command renders no chart."""
    positional: list[str] = []
    flags: dict[str, str] = {}
    for flag, value in _parse(arguments):
        if flag is None:
            positional.append(value)
        else:
            flags[flag] = value
    if not positional or positional[0] not in RENDERING_COMMANDS:
        return None
    release, chart = _release_and_chart(positional, flags)
    return HelmCommand(
        subcommand=positional[0],
        release=release,
        chart=chart,
        namespace=flags.get("namespace") or None,
        kube_context=flags.get("kube-context") or None,
        kubeconfig=flags.get("kubeconfig") or None,
        dry_run="dry-run" in flags and flags["dry-run"].lower() not in _NOT_DRY,
        behind_plugin=behind_plugin,
    )


def _release_and_chart(positional: list[str], flags: dict[str, str]) -> tuple[str | None, str | None]:
    """``[NAME] CHART``: Helm invents a name where it is left out, except for ``template``."""
    names = positional[1:3]
    if len(names) == 2:
        return names[0], names[1]
    chart = names[0] if names else None
    if positional[0] == "template" and not {"generate-name", "name-template"} & flags.keys():
        return "release-name", chart
    return None, chart


def _parse(arguments: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """Yield (flag, value), and (None, word) for each positional, by the rules of pflag."""
    words = iter(arguments)
    subcommand: str | None = None
    for word in words:
        if word == "--":
            yield from ((None, rest) for rest in words)
        elif word.startswith("--"):
            name, has_value, value = word[2:].partition("=")
            if not has_value and _takes_value(name, subcommand):
                value = next(words, "")
            yield name, value
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word[1:], words)
        else:
            subcommand = subcommand or word
            yield None, word


def _takes_value(name: str, subcommand: str | None) -> bool:
    # Helm 4's --server-side takes a value for upgrade and none elsewhere.
    return name in VALUE_FLAGS or (name == "server-side" and subcommand == "upgrade")


def _short(letters: str, words: Iterator[str]) -> Iterator[tuple[str | None, str]]:
    """Read ``-i``, ``-nshop``, ``-n shop``, ``-n=shop`` and ``-in shop``."""
    while letters:
        name = SHORT_FLAGS.get(letters[0], letters[0])
        letters = letters[1:]
        if name in VALUE_FLAGS:
            yield name, letters.removeprefix("=") or next(words, "")
            return
        yield name, ""


def post_renderer_flags(arguments: Sequence[str]) -> list[str]:
    """The flags among these arguments that name a post-renderer or its arguments."""
    return [f"--{flag}" for flag, _ in _parse(arguments) if flag in {"post-renderer", "post-renderer-args"}]
