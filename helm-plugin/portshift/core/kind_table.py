"""The kinds portshift knows, as data.

Each entry has the shape of an entry in a user's kinds file (docs/how-to/extend-kinds.md). ``templates`` are
ordinary pod templates: the annotations beside the PodSpec reach the pod. ``places`` say it in full.
"""

from __future__ import annotations

from typing import Any

from portshift.core.kind_rows import OWN, no_way, podded
from portshift.core.kind_table_operators import OPERATORS
from portshift.core.kind_table_refused import REFUSED

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
        "places": no_way(
            "a JobFlow starts JobTemplates by name: they carry the token",
            pods=["spec.flows[].patch.spec.tasks[].template.spec"],
        ),
    },
    {
        "group": "ray.io",
        "kinds": ["RayCluster"],
        "places": [
            podded("spec.headGroupSpec.template", "spec.autoscalerOptions.image"),
            podded("spec.workerGroupSpecs[].template"),
        ],
    },
    {
        "group": "ray.io",
        "kinds": ["RayJob"],
        "places": [
            podded(
                "spec.rayClusterSpec.headGroupSpec.template", "spec.rayClusterSpec.autoscalerOptions.image"
            ),
            podded("spec.rayClusterSpec.workerGroupSpecs[].template"),
            podded("spec.submitterPodTemplate"),
        ],
    },
    {
        "group": "ray.io",
        "kinds": ["RayService"],
        "places": [
            podded(
                "spec.rayClusterConfig.headGroupSpec.template",
                "spec.rayClusterConfig.autoscalerOptions.image",
            ),
            podded("spec.rayClusterConfig.workerGroupSpecs[].template"),
        ],
    },
    {
        "group": "ray.io",
        "kinds": ["RayCronJob"],
        "places": [
            podded(
                "spec.jobTemplate.rayClusterSpec.headGroupSpec.template",
                "spec.jobTemplate.rayClusterSpec.autoscalerOptions.image",
            ),
            podded("spec.jobTemplate.rayClusterSpec.workerGroupSpecs[].template"),
            podded("spec.jobTemplate.submitterPodTemplate"),
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
            podded("spec.podTemplate", "spec.image", always=True),
            podded("spec.jobManager.podTemplate", "spec.image"),
            podded("spec.taskManager.podTemplate", "spec.image"),
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
        "places": [podded("spec.template", "spec.pgbouncer.image", always=True)],
    },
    {
        "group": "rabbitmq.com",
        "kinds": ["RabbitmqCluster"],
        "places": [podded("spec.override.statefulSet.spec.template", "spec.image", always=True)],
    },
    {
        "group": "grafana.integreatly.org",
        "kinds": ["Grafana"],
        "templates": ["spec.deployment.spec.template"],
    },
    {
        "group": "k8s.keycloak.org",
        "kinds": ["Keycloak"],
        "places": [podded("spec.unsupported.podTemplate", "spec.image", always=True)],
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
            "places": [podded("spec.podTemplate", "spec.image", always=True)],
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
        "places": [podded("spec.nodeSets[].podTemplate", "spec.image", always=True)],
    },
    *(
        {
            "group": f"{group}.k8s.elastic.co",
            "kinds": [kind],
            "places": [
                podded("spec.daemonSet.podTemplate", "spec.image"),
                podded("spec.deployment.podTemplate", "spec.image"),
                podded("spec.statefulSet.podTemplate", "spec.image"),
            ],
        }
        for group, kind in (("beat", "Beat"), ("agent", "Agent"))
    ),
)

TABLE: tuple[dict[str, Any], ...] = (*_BUILT_IN, *_TEMPLATED, *_ELASTIC, *OPERATORS, *REFUSED)
