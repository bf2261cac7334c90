# METADATA
# title: What guards trading is known completely
# description: |
#   Of the objects that guard trading, every field is known: a rule has an opinion on it, or it is on the list of ordinary
#   fields. A change to any other field is decided by a human, so that nothing passes only because nobody thought of it.
#   What a procedure declares is known already.
# custom:
#   codes:
#     unclassified: A field of an object that guards trading would change, and nobody has classified it.
#     strategy_riskier: A parameter of a strategy would change in its risky direction, or a strategy would have no cap.
#     exposed: A workload that guards trading would be reached from outside of the cluster.
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
	subject.kind in workloads.lasting
	some side in array.concat(subject.head, subject.base)
	workloads.forwards(side)
}

guards_trading(subject) if {
	subject.kind in workloads.lasting
	[subject.kind, subject.name] in workloads.guarded
}

guards_trading(subject) if {
	subject.kind == "FlinkDeployment"
	not endswith(subject.name, "-sim")
}

# Fields that change every day and weaken nothing.
ordinary := [
	`^metadata/(labels|annotations)/[^n]`,
	`^metadata/(labels|annotations)/n([^e]|e[^t])`,
	`^spec/template/metadata/labels/`,
	`^spec/template/metadata/annotations/(kubectl\.kubernetes\.io|client\.knative\.dev|prometheus\.io|torghut\.proompteng\.ai|k8s\.grafana\.com|reloader|checksum|serving\.knative\.dev)`,
	`/(readinessProbe|livenessProbe|startupProbe)/`,
	`/resources/(requests|limits)/`,
	`/(imagePullPolicy|terminationMessagePath|terminationMessagePolicy)$`,
	`/ports/`,
	`^spec/template/spec/(nodeSelector|tolerations|affinity|topologySpreadConstraints|priorityClassName|terminationGracePeriodSeconds|timeoutSeconds|containerConcurrency|enableServiceLinks|imagePullSecrets)(/|$)`,
	`^spec/(revisionHistoryLimit|progressDeadlineSeconds|minReadySeconds)$`,
	`^metadata/creationTimestamp$`,
	`^spec/(restartNonce|savepointTriggerNonce|flinkVersion|imagePullPolicy|logConfiguration/.*)$`,
	`^spec/job/(state|parallelism|upgradeMode|savepointTriggerNonce|checkpointTriggerNonce)$`,
	`^spec/(jobManager|taskManager)/(resource/.*|replicas|podTemplate/metadata/.*)$`,
	`^spec/podTemplate/metadata/labels/`,
	`^spec/podTemplate/spec/(nodeSelector|tolerations|affinity|topologySpreadConstraints|priorityClassName|imagePullSecrets)(/|$)`,
]

# Entries of a map of settings that decide whether what was computed is kept; the others are tuned.
kept := `^spec/flinkConfiguration/(execution\.checkpointing\.(mode|externalized|storage|dir)|state\.|execution\.state|high-availability|kubernetes\.operator\.)`

is_known(path) if {
	startswith(path, "spec/flinkConfiguration/")
	not regex.match(kept, path)
}

# Fields that rules have an opinion on.
judged := [
	`/image$`,
	`/(command|args|lifecycle|volumeMounts|volumes|envFrom)(/|$)`,
	`^spec/(replicas|strategy|traffic)(/|$)`,
	`^metadata/(name|namespace)$`,
	`^(apiVersion|kind)$`,
]

is_known(path) if {
	some pattern in array.concat(ordinary, judged)
	regex.match(pattern, path)
}

# The object without variables, which the table of settings knows.
bare(value) := json.remove(value, [sprintf("spec/%s/spec/%s/%d/env", [pod, field, index]) |
	some pod in ["template", "podTemplate"]
	some field in ["containers", "initContainers"]
	some index, _ in objects.list(value.spec[pod].spec[field])
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
	"name", "description", "version", "params", "universe_symbols", "universe_type", "base_timeframe", "strategy_id", "enabled",
	"capital_authority", "priority",
}

# Parameters of a strategy with a direction: 1 where more is riskier, -1 where less is.
directions := {
	`notional_(max|min)_multiplier$|^max_hold_seconds$|flatten_start_minute|trailing_stop_(drawdown|activation_profit)_bps$|stop_(loss_)?(spread|volatility)_bps_multiplier$`: 1,
	`(lockout|cooldown)_seconds$|^min_entry_minutes_before_flatten$`: -1,
}

review contains objects.finding("strategy_riskier", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some before in strategies(subject.base[0])
	some strategy in strategies(side)
	before.name == strategy.name
	some name, was in parameters(before)
	some pattern, direction in directions
	regex.match(pattern, name)
	is := object.get(parameters(strategy), name, null)
	is_riskier(was, is, direction)
	message := sprintf("`%s` of strategy `%s` would become riskier: `%v` → %s", [name, strategy.name, was, shown(is)])
	remedy := "have a human decide, or leave the parameter as it is"
}

# How positions are kept apart.
review contains objects.finding("strategy_riskier", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some before in strategies(subject.base[0])
	some strategy in strategies(side)
	before.name == strategy.name
	was := object.get(parameters(before), "position_isolation_mode", null)
	is := object.get(parameters(strategy), "position_isolation_mode", null)
	was == "per_strategy"
	is != was
	message := sprintf("strategy `%s` would no longer keep its positions apart from those of others", [strategy.name])
	remedy := "have a human decide, or keep `position_isolation_mode: per_strategy`"
}

parameters(strategy) := strategy.params if {
	is_object(strategy.params)
} else := {}

# A strategy without a cap of its own has only those of the account; one without authority has no stage and no blockers.
review contains objects.finding("strategy_riskier", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some strategy in strategies(side)
	namesakes := [before | some before in strategies(subject.base[0]); before.name == strategy.name]
	some what in lacking(strategy, count(namesakes)) - {known | some before in namesakes; some known in lacking(before, 1)}
	message := sprintf("strategy `%s` would have no %s", [strategy.name, what])
	remedy := "state it in the catalog, as the other strategies do"
}

# A cap that is lost is denied by another rule.
lacking(strategy, known) := {"cap of its own, `max_position_pct_equity` or `max_notional_per_trade`" |
	known == 0
	not is_capped(strategy)
} | {"capital authority" | known > 0; not is_object(strategy.capital_authority)}

is_capped(strategy) if {
	some field in ["max_position_pct_equity", "max_notional_per_trade"]
	number(strategy[field]) > 0
}

number(value) := value if is_number(value)

number(value) := to_number(value) if {
	is_string(value)
	regex.match(`^-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,30})?$`, value)
}

is_riskier(_, is, _) if is == null

is_riskier(was, is, direction) if number(is) * direction > number(was) * direction

is_riskier(was, is, _) if {
	number(was)
	is != null
	not number(is)
}

shown(value) := sprintf("`%v`", [value]) if value != null

shown(value) := "nothing" if value == null

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
	not is_compared(key, object.get(before, key, null))
	message := sprintf("`%s` of the gate policy in %s would change, and no rule knows it", [key, objects.title(subject)])
	remedy := "have a human decide what it does"
}

# Those with a number, a list or a truth value are compared by direction; a new one only adds.
is_compared(key, was) if {
	regex.match(`_max_|_min_|_degrade$|_abstain$|_fail$|_target_coverage`, key)
	number(was)
}

is_compared(key, was) if {
	regex.match(`require|_max_|_min_`, key)
	not is_string(was)
}

is_compared(key, _) if key in {"gate5_live_enabled", "policy_version"}

# The pipeline: its stages and edges are compared, and every other key is asked about.

pipelines(side) := [text.value.pipeline | some text in side.embedded; is_object(text.value.pipeline)]

rest_of(pipeline) := {[key, value] |
	some key, value in pipeline
	not key in {"version", "default_mode", "deterministic_checkpoints", "stages"}
} | {[sprintf("%s of %v", [key, object.get(stage, "id", "?")]), value] |
	some stage in objects.list(pipeline.stages)
	is_object(stage)
	some key, value in stage
	not key in {"id", "next_on_pass", "next_on_fail", "description", "name", "owner"}
}

review contains objects.finding("unclassified", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some before in pipelines(subject.base[0])
	some after in pipelines(side)
	some [key, _] in (rest_of(after) - rest_of(before)) | (rest_of(before) - rest_of(after))
	message := sprintf("`%s` in the pipeline of %s would change, and no rule knows it", [key, objects.title(subject)])
	remedy := "have a human decide what it does"
}

# Which forecasts are trusted: the routes beside the catalog.
review contains objects.finding("unclassified", message, side.path, "/data", remedy) if {
	some subject in subjects
	subject.kind == "ConfigMap"
	side := subject.head[0]
	some key, before in subject.base[0].embedded
	is_array(before.value.routes)
	after := object.get(side.embedded, key, {})
	object.get(after, "value", null) != before.value
	message := sprintf("`%s` of %s would change, which says whose forecasts are used", [key, objects.title(subject)])
	remedy := "have a human decide whether each route still asks for enough calibration"
}

# Where the traffic of a guarded workload goes, and who may send any.
review contains objects.finding("unclassified", message, side.path, "/spec/selector", remedy) if {
	some subject in subjects
	subject.kind == "Service"
	subject.group == ""
	side := subject.head[0]
	side.value.spec.selector != subject.base[0].value.spec.selector
	subject.name in guarded_names
	message := sprintf("%s would send its traffic to other pods", [objects.title(subject)])
	remedy := "have a human decide which pods answer"
}

guarded_names := {name | some [_, name] in workloads.guarded}

review contains objects.finding("exposed", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	subject.kind in {"Ingress", "IngressRoute", "IngressRouteTCP", "HTTPRoute", "GRPCRoute", "TCPRoute", "VirtualService", "DomainMapping", "HTTPProxy"}
	some side in subject.head
	some name in backends(side) - {known | some before in subject.base; some known in backends(before)}
	message := sprintf("%s would let others reach `%s`, which is reached only from inside of the cluster", [objects.title(subject), name])
	remedy := "have a human decide who may reach it"
}

backends(side) := {name |
	walk(side.value.spec, [path, name])
	is_string(name)
	path[count(path) - 1] in {"name", "host"}
	name in guarded_names
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

review contains objects.finding("rights_granted", message, side.path, "/roleRef", remedy) if {
	some subject in objects.touched
	subject.kind == "RoleBinding"
	some side in subject.head
	side.value.roleRef.name in {"admin", "edit", "cluster-admin"}
	count(broad(side) - {known | some before in subject.base; some known in broad(before)}) > 0
	message := sprintf("%s would grant all rights in the namespace", [objects.title(subject)])
	remedy := "have a human decide; a role with the rights that are needed is usually enough"
}

review contains objects.finding("rights_granted", message, side.path, "", remedy) if {
	some subject in objects.touched
	subject.kind in {"ClusterRoleBinding", "ClusterRole"}
	some side in subject.head
	count(broad(side) - {known | some before in subject.base; some known in broad(before)}) > 0
	message := sprintf("%s would grant rights in the whole cluster", [objects.title(subject)])
	remedy := "have a human decide; a role in the namespace is usually enough"
}
