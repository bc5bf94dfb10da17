"""Custom resources whose operators copy annotations to pods, as data."""

from __future__ import annotations

from typing import Any

from portshift.core.kind_rows import OWN, component, no_way, victoria

_STRIMZI_KAFKA = [
    component("spec.kafka", ("image",), f"template.pod.{OWN}"),
    component("spec.zookeeper", ("image",), f"template.pod.{OWN}"),
    component("spec.cruiseControl", ("image",), f"template.pod.{OWN}"),
    component("spec.kafkaExporter", ("image",), f"template.pod.{OWN}"),
    component(
        "spec.entityOperator",
        ("topicOperator.image", "userOperator.image", "tlsSidecar.image"),
        f"template.pod.{OWN}",
    ),
]

_ARGO_TEMPLATES = ("templates[]", "templateDefaults")


def _argo(prefix: str) -> list[dict[str, Any]]:
    containers = [
        f"{prefix}.{template}.{part}"
        for template in _ARGO_TEMPLATES
        for part in ("container", "script", "containerSet.containers[]", "initContainers[]", "sidecars[]")
    ]
    return [{"annotations": f"{prefix}.podMetadata.annotations", "containers": containers}]


def _tekton(prefix: str) -> list[str]:
    return [f"{prefix}.{part}" for part in ("steps[]", "sidecars[]", "stepTemplate")]


_MONITORING: tuple[dict[str, Any], ...] = (
    {
        "group": "monitoring.coreos.com",
        "kinds": ["Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"],
        "places": [
            {
                "annotations": "spec.podMetadata.annotations",
                "containers": ["spec.containers[]", "spec.initContainers[]"],
                "images": ["spec.image", "spec.baseImage", "spec.thanos.image"],
            }
        ],
    },
    {
        "group": "operator.victoriametrics.com",
        "kinds": [
            "VMAgent",
            "VMAlert",
            "VMAlertmanager",
            "VMAnomaly",
            "VMAuth",
            "VMSingle",
            "VLAgent",
            "VLogs",
            "VLSingle",
            "VTSingle",
        ],
        "places": [
            {
                "annotations": "spec.podMetadata.annotations",
                "containers": ["spec.containers[]", "spec.initContainers[]"],
                "images": ["spec.image"],
            }
        ],
    },
    {
        "group": "operator.victoriametrics.com",
        "kinds": ["VMCluster"],
        "places": victoria("vmselect", "vminsert", "vmstorage", "requestsLoadBalancer.spec"),
    },
    {
        "group": "operator.victoriametrics.com",
        "kinds": ["VLCluster"],
        "places": victoria("vlselect", "vlinsert", "vlstorage", "requestsLoadBalancer.spec"),
    },
    {
        "group": "operator.victoriametrics.com",
        "kinds": ["VTCluster"],
        "places": victoria("select", "insert", "storage", "requestsLoadBalancer.spec"),
    },
    {
        "group": "opentelemetry.io",
        "kinds": ["OpenTelemetryCollector", "TargetAllocator", "OpAMPBridge"],
        "places": [
            {
                "annotations": "spec.podAnnotations",
                "containers": ["spec.initContainers[]", "spec.additionalContainers[]"],
                "images": ["spec.image", "spec.targetAllocator.image"],
            }
        ],
    },
)

_DATABASES: tuple[dict[str, Any], ...] = (
    {
        "group": "postgresql.cnpg.io",
        "kinds": ["Cluster"],
        "places": [{"annotations": "spec.inheritedMetadata.annotations", "images": ["spec.imageName"]}],
    },
    {
        "group": "postgresql.cnpg.io",
        "kinds": ["ImageCatalog"],
        "places": no_way(
            "a catalog starts no pod: the Cluster that uses it carries the token", "spec.images[].image"
        ),
    },
    {
        "group": "postgresql.cnpg.io",
        "kinds": ["ClusterImageCatalog"],
        "places": no_way(
            "a catalog starts no pod: the Cluster that uses it carries the token", "spec.images[].image"
        ),
        "clusterScoped": True,
    },
    {
        "group": "acid.zalan.do",
        "kinds": ["postgresql"],
        "places": [
            {
                "annotations": "spec.podAnnotations",
                "containers": ["spec.sidecars[]", "spec.initContainers[]"],
                "images": ["spec.dockerImage", "spec.connectionPooler.dockerImage"],
            }
        ],
    },
    {"group": "kafka.strimzi.io", "kinds": ["Kafka"], "places": _STRIMZI_KAFKA},
    {
        "group": "kafka.strimzi.io",
        "kinds": ["KafkaConnect"],
        "places": [
            component("spec", ("image",), f"template.pod.{OWN}"),
            {
                "annotations": f"spec.template.buildPod.{OWN}",
                "images": ["spec.build.output.image"],
                "requires": "spec.template.buildPod",
            },
        ],
    },
    {
        "group": "kafka.strimzi.io",
        "kinds": ["KafkaBridge", "KafkaMirrorMaker", "KafkaMirrorMaker2"],
        "places": [component("spec", ("image",), f"template.pod.{OWN}")],
    },
    {
        "group": "postgres-operator.crunchydata.com",
        "kinds": ["PostgresCluster"],
        "places": [
            {
                "annotations": "spec.metadata.annotations",
                "containers": ["spec.instances[].containers[]"],
                "images": [
                    "spec.image",
                    "spec.backups.pgbackrest.image",
                    "spec.proxy.pgBouncer.image",
                    "spec.monitoring.pgmonitor.exporter.image",
                    "spec.userInterface.pgAdmin.image",
                ],
            }
        ],
    },
    {
        "group": "k8s.mariadb.com",
        "kinds": ["MariaDB", "MaxScale"],
        "places": [
            {
                "annotations": "spec.podMetadata.annotations",
                "containers": ["spec.sidecarContainers[]", "spec.initContainers[]"],
                "images": ["spec.image", "spec.galera.agent.image", "spec.galera.initContainer.image"],
            },
            component("spec.metrics.exporter", ("image",), "podMetadata.annotations"),
        ],
    },
    {
        "group": "pingcap.com",
        "kinds": ["TidbCluster"],
        "places": [
            {
                "annotations": f"spec.{name}.annotations",
                "images": [f"spec.{name}.image", f"spec.{name}.baseImage"],
                "requires": f"spec.{name}",
            }
            for name in ("pd", "tidb", "tikv", "tiflash", "ticdc", "tiproxy", "pump")
        ],
    },
    {
        "group": "pxc.percona.com",
        "kinds": ["PerconaXtraDBCluster"],
        "places": [
            *(
                component(f"spec.{name}", ("image",), "annotations")
                for name in ("pxc", "haproxy", "proxysql")
            ),
            *no_way(
                "backup and log pods take no annotations from the cluster",
                "spec.backup.image",
                "spec.logcollector.image",
                "spec.pmm.image",
            ),
        ],
    },
    {
        "group": "psmdb.percona.com",
        "kinds": ["PerconaServerMongoDB"],
        "places": [
            {"annotations": "spec.replsets[].annotations", "images": ["spec.image"]},
            *no_way(
                "backup and monitoring containers take no annotations of their own",
                "spec.backup.image",
                "spec.pmm.image",
            ),
        ],
    },
    {
        "group": "pgv2.percona.com",
        "kinds": ["PerconaPGCluster"],
        "places": [
            {
                "annotations": "spec.metadata.annotations",
                "images": [
                    "spec.image",
                    "spec.backups.pgbackrest.image",
                    "spec.proxy.pgBouncer.image",
                    "spec.pmm.image",
                ],
            }
        ],
    },
)

_WORKFLOWS: tuple[dict[str, Any], ...] = (
    {
        "group": "sparkoperator.k8s.io",
        "kinds": ["SparkApplication"],
        "places": [
            {
                "annotations": f"spec.{role}.annotations",
                "containers": [f"spec.{role}.sidecars[]", f"spec.{role}.initContainers[]"],
                "images": ["spec.image", f"spec.{role}.image"],
                "requires": f"spec.{role}",
            }
            for role in ("driver", "executor")
        ],
    },
    {
        "group": "sparkoperator.k8s.io",
        "kinds": ["ScheduledSparkApplication"],
        "places": [
            {
                "annotations": f"spec.template.{role}.annotations",
                "containers": [f"spec.template.{role}.sidecars[]", f"spec.template.{role}.initContainers[]"],
                "images": ["spec.template.image", f"spec.template.{role}.image"],
                "requires": f"spec.template.{role}",
            }
            for role in ("driver", "executor")
        ],
    },
    {"group": "argoproj.io", "kinds": ["Workflow", "WorkflowTemplate"], "places": _argo("spec")},
    {
        "group": "argoproj.io",
        "kinds": ["ClusterWorkflowTemplate"],
        "places": _argo("spec"),
        "clusterScoped": True,
    },
    {"group": "argoproj.io", "kinds": ["CronWorkflow"], "places": _argo("spec.workflowSpec")},
    {
        "group": "tekton.dev",
        "kinds": ["Task"],
        "places": [{"annotations": OWN, "containers": _tekton("spec")}],
    },
    {
        "group": "tekton.dev",
        "kinds": ["ClusterTask"],
        "places": [{"annotations": OWN, "containers": _tekton("spec")}],
        "clusterScoped": True,
    },
    {
        "group": "tekton.dev",
        "kinds": ["TaskRun"],
        "places": [{"annotations": OWN, "containers": _tekton("spec.taskSpec")}],
    },
    {
        "group": "tekton.dev",
        "kinds": ["PipelineRun"],
        "places": [
            {
                "annotations": OWN,
                "containers": [
                    *_tekton("spec.pipelineSpec.tasks[].taskSpec"),
                    *_tekton("spec.pipelineSpec.finally[].taskSpec"),
                ],
            }
        ],
    },
    {
        "group": "tekton.dev",
        "kinds": ["Pipeline"],
        "places": no_way(
            "a Pipeline starts no pod: the PipelineRun that names it carries the token",
            containers=[*_tekton("spec.tasks[].taskSpec"), *_tekton("spec.finally[].taskSpec")],
        ),
    },
    {
        "group": "tekton.dev",
        "kinds": ["StepAction"],
        "places": no_way(
            "a StepAction starts no pod: the TaskRun that uses it carries the token", "spec.image"
        ),
    },
)

_STORAGE: tuple[dict[str, Any], ...] = (
    {
        "group": "ceph.rook.io",
        "kinds": ["CephCluster"],
        "places": [{"annotations": "spec.annotations.all", "images": ["spec.cephVersion.image"]}],
    },
    {
        "group": "ceph.rook.io",
        "kinds": ["CephNFS"],
        "places": [component("spec.server", ("image",), "annotations")],
    },
    {
        "group": "seaweed.seaweedfs.com",
        "kinds": ["Seaweed"],
        "places": [
            {"annotations": "spec.annotations", "images": ["spec.image"]},
            *(
                {
                    "annotations": f"spec.{name}.annotations",
                    "images": ["spec.image", f"spec.{name}.image"],
                    "requires": f"spec.{name}.{found}",
                }
                for name in ("master", "volume", "filer", "s3", "admin", "worker")
                for found in ("annotations",)
            ),
            component("spec.backup", ("image",), "annotations"),
        ],
    },
    {
        "group": "serving.kserve.io",
        "kinds": ["InferenceService"],
        "places": [
            {
                "annotations": f"spec.{role}.annotations",
                "containers": [f"spec.{role}.containers[]", f"spec.{role}.initContainers[]"],
                "images": [f"spec.{role}.model.image"],
                "requires": f"spec.{role}",
            }
            for role in ("predictor", "transformer", "explainer")
        ],
    },
    {
        "group": "serving.kserve.io",
        "kinds": ["ServingRuntime"],
        "places": [{"annotations": "spec.annotations", "containers": ["spec.containers[]"]}],
    },
    {
        "group": "serving.kserve.io",
        "kinds": ["ClusterServingRuntime"],
        "places": [{"annotations": "spec.annotations", "containers": ["spec.containers[]"]}],
        "clusterScoped": True,
    },
    {
        "group": "pkg.crossplane.io",
        "kinds": ["Provider", "Function"],
        "places": no_way(
            "a package, not a pod's image: a DeploymentRuntimeConfig annotates its pods", "spec.package"
        ),
        "clusterScoped": True,
    },
)

OPERATORS: tuple[dict[str, Any], ...] = (
    *_MONITORING,
    *_DATABASES,
    *_WORKFLOWS,
    *_STORAGE,
)
