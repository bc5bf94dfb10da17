"""Ancestors of a post-renderer as psutil gives them, the parent first: Linux, macOS and Windows.

The first three are recorded here with Helm 3.21.4 and 4.2.4. The others are written by hand: helmfile and
helm-diff after their sources, macOS and Windows in the form that psutil documents for them (a login shell's
``-zsh``, whole paths with spaces, ``.exe`` in any case); no such machine was at hand.
"""

from __future__ import annotations

LINUX_HELM_3 = (
    ("bin/helm3", "template", "web", "./chart", "-n", "shop", "--post-renderer", "./probe"),
    ("bash",),
)
LINUX_HELM_4 = (
    (
        *("bin/helm4", "install", "web", "./chart", "--namespace=shop", "--dry-run=client"),
        *("--post-renderer", "probe4"),
    ),
    ("bash",),
)
LINUX_PLUGIN_HOP = (
    ("/tmp/probe/bin/helm", "probe"),
    (
        *("helm", "template", "web", "./chart", "-nshop", "--kube-context", "prod-eu-1"),
        *("--post-renderer", "helm", "--post-renderer-args", "probe"),
    ),
    ("bash",),
)
LINUX_HELMFILE = (
    ("helm", "upgrade", "--install", "web", "charts/web", "--namespace", "shop", "--values", "/tmp/v.yaml"),
    ("helmfile", "--file", "helmfile.yaml", "apply"),
    ("/bin/sh", "-c", "helmfile apply"),
)
LINUX_HELM_DIFF = (
    (
        "/usr/local/bin/helm",
        "template",
        "web",
        "./chart",
        "--namespace",
        "shop",
        "--is-upgrade",
        "--validate",
    ),
    ("/home/ann/.local/share/helm/plugins/helm-diff/bin/diff", "upgrade", "web", "./chart"),
    ("helm", "diff", "upgrade", "web", "./chart", "-n", "shop"),
)
MACOS = (
    ("/opt/homebrew/bin/helm", "template", "web", "/Users/ann/My Charts/web"),
    ("-zsh",),
    ("/Applications/iTerm 2.app/Contents/MacOS/iTerm2",),
    (),
)
WINDOWS = (
    (r"C:\Program Files\Helm\HELM.EXE", "upgrade", "-i", "web", r".\my chart", "-n=shop", "--atomic"),
    (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",),
    ("C:\\Windows\\Explorer.EXE",),
)
WITHOUT_HELM = (("make", "render"), ("-bash",))
