//! Small manifests of our own, shaped like Torghut's: what the bot's tests change.

use super::bot::Home;

/// The folder below which procedures edit.
pub const ROOT: &str = "argocd/applications/torghut";

/// The one trading scheduler.
pub const SCHEDULER: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: torghut-scheduler
  namespace: torghut
spec:
  replicas: 1 # exactly one writer
  strategy:
    type: Recreate
  selector:
    matchLabels:
      app.kubernetes.io/name: torghut-scheduler
  template:
    metadata:
      labels:
        app.kubernetes.io/name: torghut-scheduler
    spec:
      containers:
        - name: torghut-scheduler
          image: registry.example/torghut@sha256:1111111111111111111111111111111111111111111111111111111111111111
          env:
            - name: TORGHUT_PROCESS_ROLE
              value: scheduler
            - name: TRADING_ENABLED
              value: "true"
            - name: TRADING_MODE
              value: paper
"#;

/// The API, which does not trade.
pub const SERVICE: &str = r#"apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: torghut
  namespace: torghut
spec:
  template:
    spec:
      containers:
        - name: user-container
          image: registry.example/torghut@sha256:1111111111111111111111111111111111111111111111111111111111111111
          env:
            - name: TORGHUT_PROCESS_ROLE
              value: api
            - name: TRADING_ENABLED
              value: "false"
            - name: TRADING_MODE
              value: paper
"#;

/// The forwarder of market data.
pub const FORWARDER: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: torghut-ws
  namespace: torghut
spec:
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      app: torghut-ws
  template:
    metadata:
      labels:
        app: torghut-ws
      annotations:
        kubectl.kubernetes.io/restartedAt: "2026-01-05T08:00:00Z"
    spec:
      containers:
        - name: torghut-ws
          image: registry.example/torghut-ws@sha256:2222222222222222222222222222222222222222222222222222222222222222
"#;

/// The technical analysis job, which `all` leaves out.
pub const TA: &str = r#"apiVersion: flink.apache.org/v1beta1
kind: FlinkDeployment
metadata:
  name: torghut-ta
  namespace: torghut
spec:
  restartNonce: 38
  job:
    upgradeMode: last-state
    state: running
"#;

/// What Argo CD builds.
pub const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: torghut
resources:
  - knative-service.yaml
  - scheduler-deployment.yaml
  - ws/deployment.yaml
";

/// A home with all of them and the technical analysis job, where trading is paused.
pub fn paused() -> Home {
    let home = Home::seeded();
    let scheduler = format!("{ROOT}/scheduler-deployment.yaml");
    let text = SCHEDULER.replace("replicas: 1", "replicas: 0");
    home.repository.commit("main", &[(&scheduler, &text), (&format!("{ROOT}/ta/flinkdeployment.yaml"), TA)]);
    home
}

/// All of them, by full path.
pub fn all() -> Vec<(String, &'static str)> {
    [
        ("kustomization.yaml", KUSTOMIZATION),
        ("knative-service.yaml", SERVICE),
        ("scheduler-deployment.yaml", SCHEDULER),
        ("ws/deployment.yaml", FORWARDER),
    ]
    .map(|(path, text)| (format!("{ROOT}/{path}"), text))
    .to_vec()
}
