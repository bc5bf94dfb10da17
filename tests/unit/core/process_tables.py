"""Ancestors of a post-renderer as psutil gives them, the parent first: Linux, macOS and Windows.

The Linux ones are recorded with Helm 3.21.4 and 4.2.4. macOS and Windows have the form that psutil
documents for them: a login shell's ``-zsh``, whole paths with spaces, ``.exe`` in any case.
"""

from __future__ import annotations

PYTHON = "/opt/portshift/bin/python3"

LINUX_HELM_3 = (
    ("/work/.tools/bin/helm3", "upgrade", "--install", "web", "./chart", "-n", "shop", "--wait"),
    ("-bash",),
    ("sshd: ann@pts/0",),
    ("/sbin/init",),
)
LINUX_HELM_4_LAUNCHER = (
    ("/bin/sh", "/home/ann/.local/share/helm/plugins/post-renderer/post-render"),
    ("helm", "install", "web", "oci://acme.example/charts/web", "--namespace=shop", "--dry-run=server"),
    ("bash",),
)
LINUX_PLUGIN_HOP = (
    ("/bin/sh", "/home/ann/.local/share/helm/plugins/portshift/helm-plugin/bin/portshift", "post-render"),
    ("helm", "portshift", "post-render"),
    ("helm", "upgrade", "web", "./chart", "-nshop", "--kube-context", "prod-eu-1"),
    ("zsh",),
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
