"""Synthetic manifests of any size, in the proportions of rendered charts.

A unit is what one application of a chart renders to: a Deployment and a CronJob, which hold images, and a
ConfigMap, a Service and a Role, which do not. 380 units are 5 MB: 1,900 documents, 182,000 lines.
"""

from __future__ import annotations

UNITS_OF_5_MB = 380
UNITS_OF_50_KB = 4

_LABELS = """\
    app.kubernetes.io/name: app-{n}
    app.kubernetes.io/instance: bench
    app.kubernetes.io/version: "1.{n}.0"
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: app-1.{n}.0
"""

_CONTAINER = """\
        - name: {name}
          image: "acme.jfrog.test/docker-local/{name}:1.{n}"
          imagePullPolicy: IfNotPresent
          args: ["--listen=:8080", "--log-format=json", '--name=app-{n}']
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          env:
{env}
          livenessProbe:
            httpGet: {{path: /healthz, port: http}}
            periodSeconds: 10
          resources:
            limits:
              cpu: 500m
              memory: 256Mi
            requests: {{cpu: 100m, memory: 128Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop:
                - ALL
          volumeMounts:
            - name: config
              mountPath: /etc/app
              readOnly: true
"""

_DEPLOYMENT = """\
---
# Source: bench/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{n}
  labels:
{labels}
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: app-{n}
  template:
    metadata:
      annotations:
        checksum/config: {checksum}
      labels:
        app.kubernetes.io/name: app-{n}
    spec:
      serviceAccountName: app-{n}
      initContainers:
{init}
      containers:
{main}
{sidecar}
      volumes:
        - name: config
          configMap:
            name: app-{n}
"""

_CRON_JOB = """\
---
# Source: bench/templates/cronjob.yaml
apiVersion: batch/v1
kind: CronJob
metadata:
  name: clean-{n}
spec:
  schedule: "{minute} 3 * * *"
  jobTemplate:
    spec:
      backoffLimit: 1
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: clean
              image: acme.jfrog.test/docker-local/clean:1.{n}
              command:
                - /bin/sh
                - -c
                - |
                  # Keep seven days.
                  clean --older-than 7d --name "app-{n}"
"""

_CONFIG_MAP = """\
---
# Source: bench/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: app-{n}
data:
  level: info
  application.yaml: |
    server:
      port: 8080
{settings}
"""

_SERVICE = """\
---
# Source: bench/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: app-{n}
  labels:
{labels}
spec:
  type: ClusterIP
  ports:
    - port: 80
      targetPort: http
      protocol: TCP
      name: http
  selector:
    app.kubernetes.io/name: app-{n}
"""

_ROLE = """\
---
# Source: bench/templates/role.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: app-{n}
rules:
{rules}
"""

_RULE = """\
  - apiGroups: ["group-{m}.example.test"]
    resources:
      - things
      - things/status
    verbs: [get, list, watch, update]
"""


def manifests(units: int) -> bytes:
    """Render this many units; every name is unique."""
    return "".join(_unit(n) for n in range(units)).encode()


def _unit(n: int) -> str:
    labels = _LABELS.format(n=n).rstrip("\n")
    checksum = f"{n:064x}"
    return "".join(
        (
            _ROLE.format(n=n, rules="".join(_RULE.format(m=m) for m in range(27)).rstrip("\n")),
            _CONFIG_MAP.format(n=n, settings="\n".join(_setting(m) for m in range(121))),
            _SERVICE.format(n=n, labels=labels),
            _DEPLOYMENT.format(
                n=n,
                labels=labels,
                checksum=checksum,
                init=_container("init", n),
                main=_container("app", n),
                sidecar=_container("proxy", n),
            ),
            _CRON_JOB.format(n=n, minute=n % 60),
        )
    )


def _container(name: str, n: int) -> str:
    env = "\n".join(f'            - name: SETTING_{m}\n              value: "{n}"' for m in range(9))
    return _CONTAINER.format(name=name, n=n, env=env).rstrip("\n")


def _setting(m: int) -> str:
    return f"    feature-{m}: {{enabled: true}}"
