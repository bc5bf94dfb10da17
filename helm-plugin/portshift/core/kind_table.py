"""The kinds portshift knows, as data.

Each entry has the shape of an entry in a user's kinds file (docs/how-to/extend-kinds.md). ``templates`` are
ordinary pod templates: the annotations beside the PodSpec reach the pod. ``places`` say it in full.
"""

from __future__ import annotations

from typing import Any

OWN = "metadata.annotations"


def _component(path: str, images: tuple[str, ...], annotations: str) -> dict[str, Any]:
    """A part of a custom resource with its own images and its own annotations, both below ``path``."""
    return {"annotations": f"{path}.{annotations}", "images": [f"{path}.{image}" for image in images]}


def _podded(path: str, *images: str, always: bool = False) -> dict[str, Any]:
    """A pod template at ``path`` that operators fill with images named elsewhere in the object."""
    place = {"annotations": f"{path}.{OWN}", "pods": [f"{path}.spec"], "images": list(images)}
    return place if always else {**place, "requires": path}


def _victoria(*components: str) -> list[dict[str, Any]]:
    return [_component(f"spec.{name}", ("image",), "podMetadata.annotations") for name in components]


def _no_way(reason: str, *images: str, **more: list[str]) -> list[dict[str, Any]]:
    return [{"reason": reason, "images": list(images), **more}]


_BUILT_IN: tuple[dict[str, Any], ...] = (
    {"group": "", "kinds": ["Pod"], "places": [{"annotations": OWN, "pods": ["spec"]}]},
    {"group": "", "kinds": ["PodTemplate"], "templates": ["template"]},
    {"group": "", "kinds": ["ReplicationController"], "templates": ["spec.template"]},
    {
        "group": "apps",
        "kinds": ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"],
        "templates": ["spec.template"],
    },
    {
        "group": "extensions",
        "kinds": ["Deployment", "ReplicaSet", "DaemonSet"],
        "templates": ["spec.template"],
    },
    {"group": "batch", "kinds": ["Job"], "templates": ["spec.template"], "immutable": True},
    {"group": "extensions", "kinds": ["Job"], "templates": ["spec.template"], "immutable": True},
    {"group": "batch", "kinds": ["CronJob"], "templates": ["spec.jobTemplate.spec.template"]},
    {"group": "apps.openshift.io", "kinds": ["DeploymentConfig"], "templates": ["spec.template"]},
    {"group": "", "kinds": ["DeploymentConfig"], "templates": ["spec.template"]},
)

_TEMPLATED: tuple[dict[str, Any], ...] = (
    {"group": "argoproj.io", "kinds": ["Rollout"], "templates": ["spec.template"]},
    {"group": "argoproj.io", "kinds": ["Experiment"], "templates": ["spec.templates[].template"]},
    {
        "group": "argoproj.io",
        "kinds": ["AnalysisTemplate", "AnalysisRun"],
        "templates": ["spec.metrics[].provider.job.spec.template"],
    },
    {
        "group": "argoproj.io",
        "kinds": ["ClusterAnalysisTemplate"],
        "templates": ["spec.metrics[].provider.job.spec.template"],
        "clusterScoped": True,
    },
    {"group": "serving.knative.dev", "kinds": ["Service", "Configuration"], "templates": ["spec.template"]},
    {
        "group": "serving.knative.dev",
        "kinds": ["Revision"],
        "places": [{"annotations": OWN, "pods": ["spec"]}],
    },
    {"group": "sources.knative.dev", "kinds": ["ContainerSource"], "templates": ["spec.template"]},
    {"group": "keda.sh", "kinds": ["ScaledJob"], "templates": ["spec.jobTargetRef.template"]},
    {
        "group": "jobset.x-k8s.io",
        "kinds": ["JobSet"],
        "templates": ["spec.replicatedJobs[].template.spec.template"],
        "immutable": True,
    },
    {
        "group": "leaderworkerset.x-k8s.io",
        "kinds": ["LeaderWorkerSet"],
        "templates": ["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
    },
    {
        "group": "kueue.x-k8s.io",
        "kinds": ["Workload"],
        "templates": ["spec.podSets[].template"],
        "immutable": True,
    },
    {
        "group": "batch.volcano.sh",
        "kinds": ["Job"],
        "templates": ["spec.tasks[].template"],
        "immutable": True,
    },
    {
        "group": "batch.volcano.sh",
        "kinds": ["CronJob"],
        "templates": ["spec.jobTemplate.spec.tasks[].template"],
    },
    {"group": "flow.volcano.sh", "kinds": ["JobTemplate"], "templates": ["spec.tasks[].template"]},
    {
        "group": "flow.volcano.sh",
        "kinds": ["JobFlow"],
        "places": _no_way(
            "a JobFlow starts JobTemplates by name: they carry the token",
            pods=["spec.flows[].patch.spec.tasks[].template.spec"],
        ),
    },
    {
        "group": "ray.io",
        "kinds": ["RayCluster"],
        "places": [
            _podded("spec.headGroupSpec.template", "spec.autoscalerOptions.image"),
            _podded("spec.workerGroupSpecs[].template"),
        ],
    },
    {
        "group": "ray.io",
        "kinds": ["RayJob"],
        "places": [
            _podded(
                "spec.rayClusterSpec.headGroupSpec.template", "spec.rayClusterSpec.autoscalerOptions.image"
            ),
            _podded("spec.rayClusterSpec.workerGroupSpecs[].template"),
            _podded("spec.submitterPodTemplate"),
        ],
    },
    {
        "group": "ray.io",
        "kinds": ["RayService"],
        "places": [
            _podded(
                "spec.rayClusterConfig.headGroupSpec.template",
                "spec.rayClusterConfig.autoscalerOptions.image",
            ),
            _podded("spec.rayClusterConfig.workerGroupSpecs[].template"),
        ],
    },
    {
        "group": "ray.io",
        "kinds": ["RayCronJob"],
        "places": [
            _podded(
                "spec.jobTemplate.rayClusterSpec.headGroupSpec.template",
                "spec.jobTemplate.rayClusterSpec.autoscalerOptions.image",
            ),
            _podded("spec.jobTemplate.rayClusterSpec.workerGroupSpecs[].template"),
            _podded("spec.jobTemplate.submitterPodTemplate"),
        ],
    },
    {"group": "kubeflow.org", "kinds": ["MPIJob"], "templates": ["spec.mpiReplicaSpecs.*.template"]},
    {"group": "kubeflow.org", "kinds": ["TFJob"], "templates": ["spec.tfReplicaSpecs.*.template"]},
    {"group": "kubeflow.org", "kinds": ["PyTorchJob"], "templates": ["spec.pytorchReplicaSpecs.*.template"]},
    {
        "group": "trainer.kubeflow.org",
        "kinds": ["TrainingRuntime"],
        "templates": ["spec.template.spec.replicatedJobs[].template.spec.template"],
    },
    {
        "group": "trainer.kubeflow.org",
        "kinds": ["ClusterTrainingRuntime"],
        "templates": ["spec.template.spec.replicatedJobs[].template.spec.template"],
        "clusterScoped": True,
    },
    {
        "group": "trainer.kubeflow.org",
        "kinds": ["TrainJob"],
        "places": [{"annotations": OWN, "images": ["spec.trainer.image"]}],
        "immutable": True,
    },
    {
        "group": "apps.kruise.io",
        "kinds": ["CloneSet", "StatefulSet", "DaemonSet", "BroadcastJob"],
        "templates": ["spec.template"],
    },
    {
        "group": "apps.kruise.io",
        "kinds": ["AdvancedCronJob"],
        "templates": [
            "spec.template.jobTemplate.spec.template",
            "spec.template.broadcastJobTemplate.spec.template",
        ],
    },
    {
        "group": "apps.kruise.io",
        "kinds": ["UnitedDeployment"],
        "templates": [
            "spec.template.statefulSetTemplate.spec.template",
            "spec.template.deploymentTemplate.spec.template",
            "spec.template.cloneSetTemplate.spec.template",
            "spec.template.advancedStatefulSetTemplate.spec.template",
        ],
    },
    {
        "group": "flink.apache.org",
        "kinds": ["FlinkDeployment"],
        "places": [
            _podded("spec.podTemplate", "spec.image", always=True),
            _podded("spec.jobManager.podTemplate", "spec.image"),
            _podded("spec.taskManager.podTemplate", "spec.image"),
        ],
    },
    {
        "group": "actions.summerwind.dev",
        "kinds": ["RunnerDeployment", "RunnerSet"],
        "places": [
            {
                "annotations": f"spec.template.{OWN}",
                "pods": ["spec.template.spec"],
                "images": ["spec.template.spec.image"],
            }
        ],
    },
    {
        "group": "actions.github.com",
        "kinds": ["AutoscalingRunnerSet"],
        "templates": ["spec.template", "spec.listenerTemplate"],
    },
    {
        "group": "postgresql.cnpg.io",
        "kinds": ["Pooler"],
        "places": [_podded("spec.template", "spec.pgbouncer.image", always=True)],
    },
    {
        "group": "rabbitmq.com",
        "kinds": ["RabbitmqCluster"],
        "places": [_podded("spec.override.statefulSet.spec.template", "spec.image", always=True)],
    },
    {
        "group": "grafana.integreatly.org",
        "kinds": ["Grafana"],
        "templates": ["spec.deployment.spec.template"],
    },
    {
        "group": "k8s.keycloak.org",
        "kinds": ["Keycloak"],
        "places": [_podded("spec.unsupported.podTemplate", "spec.image", always=True)],
    },
    {"group": "temporal.io", "kinds": ["TemporalWorkerDeployment"], "templates": ["spec.template"]},
    {
        "group": "pkg.crossplane.io",
        "kinds": ["DeploymentRuntimeConfig"],
        "templates": ["spec.deploymentTemplate.spec.template"],
        "clusterScoped": True,
    },
)

_ELASTIC: tuple[dict[str, Any], ...] = (
    *(
        {
            "group": f"{group}.k8s.elastic.co",
            "kinds": [kind],
            "places": [_podded("spec.podTemplate", "spec.image", always=True)],
        }
        for group, kind in (
            ("kibana", "Kibana"),
            ("apm", "ApmServer"),
            ("logstash", "Logstash"),
            ("enterprisesearch", "EnterpriseSearch"),
            ("maps", "ElasticMapsServer"),
        )
    ),
    {
        "group": "elasticsearch.k8s.elastic.co",
        "kinds": ["Elasticsearch"],
        "places": [_podded("spec.nodeSets[].podTemplate", "spec.image", always=True)],
    },
    *(
        {
            "group": f"{group}.k8s.elastic.co",
            "kinds": [kind],
            "places": [
                _podded("spec.daemonSet.podTemplate", "spec.image"),
                _podded("spec.deployment.podTemplate", "spec.image"),
                _podded("spec.statefulSet.podTemplate", "spec.image"),
            ],
        }
        for group, kind in (("beat", "Beat"), ("agent", "Agent"))
    ),
)

_STRIMZI_KAFKA = [
    _component("spec.kafka", ("image",), f"template.pod.{OWN}"),
    _component("spec.zookeeper", ("image",), f"template.pod.{OWN}"),
    _component("spec.cruiseControl", ("image",), f"template.pod.{OWN}"),
    _component("spec.kafkaExporter", ("image",), f"template.pod.{OWN}"),
    _component(
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
        "places": _victoria("vmselect", "vminsert", "vmstorage", "requestsLoadBalancer.spec"),
    },
    {
        "group": "operator.victoriametrics.com",
        "kinds": ["VLCluster"],
        "places": _victoria("vlselect", "vlinsert", "vlstorage", "requestsLoadBalancer.spec"),
    },
    {
        "group": "operator.victoriametrics.com",
        "kinds": ["VTCluster"],
        "places": _victoria("select", "insert", "storage", "requestsLoadBalancer.spec"),
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
        "places": _no_way(
            "a catalog starts no pod: the Cluster that uses it carries the token", "spec.images[].image"
        ),
    },
    {
        "group": "postgresql.cnpg.io",
        "kinds": ["ClusterImageCatalog"],
        "places": _no_way(
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
            _component("spec", ("image",), f"template.pod.{OWN}"),
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
        "places": [_component("spec", ("image",), f"template.pod.{OWN}")],
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
            _component("spec.metrics.exporter", ("image",), "podMetadata.annotations"),
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
                _component(f"spec.{name}", ("image",), "annotations")
                for name in ("pxc", "haproxy", "proxysql")
            ),
            *_no_way(
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
            *_no_way(
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
        "places": _no_way(
            "a Pipeline starts no pod: the PipelineRun that names it carries the token",
            containers=[*_tekton("spec.tasks[].taskSpec"), *_tekton("spec.finally[].taskSpec")],
        ),
    },
    {
        "group": "tekton.dev",
        "kinds": ["StepAction"],
        "places": _no_way(
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
        "places": [_component("spec.server", ("image",), "annotations")],
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
            _component("spec.backup", ("image",), "annotations"),
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
        "places": _no_way(
            "a package, not a pod's image: a DeploymentRuntimeConfig annotates its pods", "spec.package"
        ),
        "clusterScoped": True,
    },
)

_STATIC_PODS = "kubeadm writes it into static pods, which take no annotations from here"
_PRUNED = "the custom resource's schema prunes annotations of this template"
_LONGHORN = "Longhorn's manager makes these pods and copies no annotations to them"
_CONFIGURED = "an operator reads it from this ConfigMap when it makes its pods"


def _kubeadm(prefix: str) -> list[dict[str, Any]]:
    return _no_way(_STATIC_PODS, f"{prefix}", f"{prefix}.dns", f"{prefix}.etcd.local")


_CANNOT: tuple[dict[str, Any], ...] = (
    {
        "group": "opentelemetry.io",
        "kinds": ["Instrumentation"],
        "places": _no_way(
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
        "places": _no_way(_LONGHORN, "spec.image"),
    },
    {
        "group": "apps.kruise.io",
        "kinds": ["ImagePullJob"],
        "places": _no_way("the node's daemon pulls it: no pod is started", "spec.image"),
    },
    {
        "group": "k6.io",
        "kinds": ["PrivateLoadZone"],
        "places": _no_way(_PRUNED, "spec.image", pods=["spec.podTemplate.spec"]),
    },
    {"group": "k8up.io", "kinds": ["PodConfig"], "places": _no_way(_PRUNED, pods=["spec.template.spec"])},
    {"group": "k8up.io", "kinds": ["PreBackupPod"], "places": _no_way(_PRUNED, pods=["spec.pod.spec"])},
    {
        "group": "gravitee.io",
        "kinds": ["GatewayClassParameters"],
        "places": _no_way(_PRUNED, pods=["spec.kubernetes.deployment.template.spec"]),
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
        "places": _no_way(
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

TABLE: tuple[dict[str, Any], ...] = (
    *_BUILT_IN,
    *_TEMPLATED,
    *_ELASTIC,
    *_MONITORING,
    *_DATABASES,
    *_WORKFLOWS,
    *_STORAGE,
    *_CANNOT,
)
