# METADATA
# title: What guards trading is known completely
# description: |
#   Of the objects that guard trading, every field is known: a rule has an opinion on it, or it is on the list of ordinary
#   fields. A change to any other field is decided by a human, so that nothing passes only because nobody thought of it.
#   What a procedure declares is known already.
# custom:
#   codes:
#     unclassified: A field of an object that guards trading would change, and nobody has classified it.
#     rights_granted: A workload would get more rights in the cluster.
#   go_on: >-
#     Have a human approve. If the field is ordinary, add it to the list.
#   change: >-
#     `ordinary` lists the fields of workloads that change every day, `judged` those that rules have an opinion on,
#     `ordinary_of_strategies` the fields of a strategy.
#   example:
#     code: unclassified
#     file: scheduler-deployment.yaml
#     from: "      containers:\n"
#     to: "      hostNetwork: true\n      containers:\n"
package writ.closed_world

import rego.v1

import data.writ.lib.objects
import data.writ.lib.workloads

# Procedures change what they declare and nothing else (`planned-change-only`).
subjects := [subject |
	objects.risk == "none"
	some subject in objects.touched
	count(subject.base) == 1
	count(subject.head) == 1
	subject.name != "torghut-sim"
]

guards_trading(subject) if {
	subject.kind in workloads.lasting
	some side in array.concat(subject.head, subject.base)
	workloads.serves(side)
}

guards_trading(subject) if {
	subject.kind == "Deployment"
	subject.name == "torghut-ws"
}

# Fields that change every day and weaken nothing.
ordinary := [
	`^metadata/(labels|annotations)/`,
	`^spec/template/metadata/labels/`,
	`^spec/template/metadata/annotations/(kubectl\.kubernetes\.io|client\.knative\.dev|prometheus\.io|torghut\.proompteng\.ai|k8s\.grafana\.com|reloader|checksum|serving\.knative\.dev)`,
	`/(readinessProbe|livenessProbe|startupProbe)/`,
	`/resources/(requests|limits)/`,
	`/(imagePullPolicy|terminationMessagePath|terminationMessagePolicy)$`,
	`/ports/`,
	`^spec/template/spec/(nodeSelector|tolerations|affinity|topologySpreadConstraints|priorityClassName|terminationGracePeriodSeconds|timeoutSeconds|containerConcurrency|enableServiceLinks|imagePullSecrets)(/|$)`,
	`^spec/(revisionHistoryLimit|progressDeadlineSeconds|minReadySeconds)$`,
	`^metadata/creationTimestamp$`,
]

# Fields that rules have an opinion on.
judged := [
	`/image$`,
	`/(command|args|lifecycle|volumeMounts|volumes|envFrom)(/|$)`,
	`^spec/(replicas|strategy|traffic)(/|$)`,
	`^metadata/(name|namespace)$`,
	`^(apiVersion|kind)$`,
	`^spec/template/metadata/annotations/autoscaling\.knative\.dev/(max-?[sS]cale|min-?[sS]cale)$`,
]

is_known(path) if {
	some pattern in array.concat(ordinary, judged)
	regex.match(pattern, path)
}

# The object without variables, which the table of settings knows.
bare(value) := json.remove(value, [sprintf("spec/template/spec/%s/%d/env", [field, index]) |
	some field in ["containers", "initContainers"]
	some index, _ in objects.list(value.spec.template.spec[field])
])

# The leaves of a value by their paths, as lists of steps.
leaves(value) := {path: leaf |
	walk(value, [path, leaf])
	is_leaf(leaf)
}

field_of(path) := concat("/", [replace(sprintf("%v", [step]), "/", "~1") | some step in path])

is_leaf(leaf) if {
	not is_object(leaf)
	not is_array(leaf)
}

is_leaf(leaf) if leaf in [{}, []]

differing(before, after) := {path |
	some path, leaf in after
	not before[path] == leaf
} | {path |
	some path, leaf in before
	not is_there(after, path)
}

is_there(found, path) if found[path] == found[path]

review contains objects.finding("unclassified", message, side.path, sprintf("/%s", [path]), remedy) if {
	some subject in subjects
	guards_trading(subject)
	side := subject.head[0]
	before := leaves(bare(subject.base[0].value))
	after := leaves(bare(side.value))
	some steps in differing(before, after)
	path := field_of(steps)
	is_open(path, steps, after)
	message := sprintf("`%s` of %s would change, and no rule knows this field", [path, objects.title(subject)])
	remedy := "have a human decide what it does; add it to the list of ordinary fields if it is one"
}

is_open(path, _, _) if not is_known(path)

# Limits that disappear are not ordinary.
is_open(path, steps, after) if {
	contains(path, "/resources/limits/")
	not is_there(after, steps)
}

# Strategies of the catalog, by name.

ordinary_of_strategies := {
	"name", "description", "version", "params", "universe_symbols", "universe_type", "base_timeframe", "strategy_id", "strategy_type",
	"enabled", "capital_authority", "priority",
}

strategies(side) := [strategy |
	some text in side.embedded
	some strategy in objects.list(text.value.strategies)
	is_object(strategy)
	is_string(strategy.name)
]

review contains objects.finding("unclassified", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some before in strategies(subject.base[0])
	some strategy in strategies(side)
	before.name == strategy.name
	some field, value in strategy
	object.get(before, field, value) != value
	not field in ordinary_of_strategies
	not is_cap(field)
	message := sprintf("`%s` of strategy `%s` would change, and no rule knows this field", [field, strategy.name])
	remedy := "have a human decide what it does"
}

is_cap(field) if regex.match(`^max_(position|notional|gross|net|concurrent|entries|negative|session)|_stop_loss_bps$`, field)

# The gate policy: rules compare thresholds and requirements, and everything else in it is asked about.

gate_policies(side) := [policy |
	some text in side.embedded
	policy := objects.map(text.value)
	some key, _ in policy
	startswith(key, "gate")
]

review contains objects.finding("unclassified", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some before in gate_policies(subject.base[0])
	some after in gate_policies(side)
	some key, value in after
	object.get(before, key, "absent") != value
	not regex.match(`_max_|_min_|_degrade$|_abstain$|_fail$|_target_coverage|require|^gate5_live_enabled$|^policy_version$`, key)
	message := sprintf("`%s` of the gate policy in %s would change, and no rule knows it", [key, objects.title(subject)])
	remedy := "have a human decide what it does"
}

# Rights in the cluster.

broad(side) := {json.marshal(rule) | some rule in objects.list(side.value.rules)} | {json.marshal([subject, side.value.roleRef]) |
	some subject in objects.list(side.value.subjects)
}

# In the namespace: rights on whatever runs, or on secrets.
review contains objects.finding("rights_granted", message, side.path, "/rules", remedy) if {
	some subject in objects.touched
	subject.kind == "Role"
	some side in subject.head
	some rule in broad(side) - {known | some before in subject.base; some known in broad(before)}
	reaches(rule)
	message := sprintf("%s would grant rights on what runs here, or on secrets", [objects.title(subject)])
	remedy := "have a human decide whether it needs them"
}

reaches(rule) if {
	regex.match(`"\*"|"secrets"|"deployments|"statefulsets|"pods/exec"|"services"|"flinkdeployments`, rule)
	regex.match(`"\*"|"(create|update|patch|delete|deletecollection)"|"secrets"`, rule)
}

review contains objects.finding("rights_granted", message, side.path, "", remedy) if {
	some subject in objects.touched
	subject.kind in {"ClusterRoleBinding", "ClusterRole"}
	some side in subject.head
	count(broad(side) - {known | some before in subject.base; some known in broad(before)}) > 0
	message := sprintf("%s would grant rights in the whole cluster", [objects.title(subject)])
	remedy := "have a human decide; a role in the namespace is usually enough"
}
