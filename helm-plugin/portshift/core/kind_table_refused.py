"""Kinds with images that cannot carry a token, with the reason, as data."""

from __future__ import annotations

from typing import Any

from portshift.core.kind_rows import no_way

_STATIC_PODS = "kubeadm writes it into static pods, which take no annotations from here"
_PRUNED = "the custom resource's schema prunes annotations of this template"
_LONGHORN = "Longhorn's manager makes these pods and copies no annotations to them"
_CONFIGURED = "an operator reads it from this ConfigMap when it makes its pods"


def _kubeadm(prefix: str) -> list[dict[str, Any]]:
    return no_way(_STATIC_PODS, f"{prefix}", f"{prefix}.dns", f"{prefix}.etcd.local")


REFUSED: tuple[dict[str, Any], ...] = (
    {
        "group": "opentelemetry.io",
        "kinds": ["Instrumentation"],
        "places": no_way(
            "the operator injects it into pods of other workloads",
            *(
                f"spec.{language}.image"
                for language in ("java", "nodejs", "python", "dotnet", "go", "apacheHttpd", "nginx")
            ),
        ),
    },
    {
        "group": "controlplane.cluster.x-k8s.io",
        "kinds": ["KubeadmControlPlane"],
        "places": _kubeadm("spec.kubeadmConfigSpec.clusterConfiguration"),
    },
    {
        "group": "bootstrap.cluster.x-k8s.io",
        "kinds": ["KubeadmConfig"],
        "places": _kubeadm("spec.clusterConfiguration"),
    },
    {
        "group": "longhorn.io",
        "kinds": ["Engine", "EngineImage", "InstanceManager", "Replica", "ShareManager", "Volume"],
        "places": no_way(_LONGHORN, "spec.image"),
    },
    {
        "group": "apps.kruise.io",
        "kinds": ["ImagePullJob"],
        "places": no_way("the node's daemon pulls it: no pod is started", "spec.image"),
    },
    {
        "group": "k6.io",
        "kinds": ["PrivateLoadZone"],
        "places": no_way(_PRUNED, "spec.image", pods=["spec.podTemplate.spec"]),
    },
    {"group": "k8up.io", "kinds": ["PodConfig"], "places": no_way(_PRUNED, pods=["spec.template.spec"])},
    {"group": "k8up.io", "kinds": ["PreBackupPod"], "places": no_way(_PRUNED, pods=["spec.pod.spec"])},
    {
        "group": "gravitee.io",
        "kinds": ["GatewayClassParameters"],
        "places": no_way(_PRUNED, pods=["spec.kubernetes.deployment.template.spec"]),
    },
    {
        "group": "cluster.redpanda.com",
        "kinds": ["Redpanda"],
        "places": [
            {
                "annotations": "spec.clusterSpec.statefulset.podTemplate.annotations",
                "pods": ["spec.clusterSpec.statefulset.podTemplate.spec"],
                "images": ["spec.clusterSpec.image"],
            }
        ],
    },
    {
        "group": "",
        "kinds": ["ConfigMap"],
        "places": no_way(
            _CONFIGURED,
            "data.queue-sidecar-image",
            "data.ROOK_CSI_CEPH_IMAGE",
            "data.ROOK_CSI_REGISTRAR_IMAGE",
            "data.ROOK_CSI_RESIZER_IMAGE",
            "data.ROOK_CSI_PROVISIONER_IMAGE",
            "data.ROOK_CSI_SNAPSHOTTER_IMAGE",
            "data.ROOK_CSI_ATTACHER_IMAGE",
            "data.ROOK_CSIADDONS_IMAGE",
        ),
    },
)
