# METADATA
# title: Edits that Argo CD ignores
# description: |
#   Argo CD is configured to ignore differences in some fields. A change to such a field alone never reaches the
#   cluster: the pull request would be merged and nothing would happen.
# related_resources:
#   - argocd/applicationsets/product.yaml in the target repository
# custom:
#   codes:
#     ignored_field: Argo CD ignores this field; the change would have no effect.
#   go_on: >-
#     In the same pull request, change a field that Argo CD applies, such as `restartNonce`: the ignored field is then
#     applied with it.
#   change: >-
#     `ignored` repeats the `ignoreDifferences` of the target's ApplicationSet. Change both together.
#   example:
#     code: ignored_field
#     file: ta-sim/flinkdeployment.yaml
#     from: "state: running"
#     to: "state: suspended"
package writ.argo_ignored

import rego.v1

import data.writ.lib.objects

# Kind, name (`*` is any), pattern of the pointer.
ignored := [
	["Service", "*", `^/metadata/annotations/serving\.knative\.dev~1lastModifier$`],
	["Service", "*", `^/metadata/creationTimestamp$`],
	["Service", "*", `^/spec/traffic($|/|\[)`],
	["Service", "*", `^/spec/template/metadata/annotations/client\.knative\.dev~1updateTimestamp$`],
	["Service", "*", `^/spec/template/metadata/creationTimestamp$`],
	["Service", "*", `^/spec/template/spec/containers(/0|\[name=user-container\])/readinessProbe($|/)`],
	["Service", "*", `^/spec/template/spec/containers(/0|\[name=user-container\])/ports(/0|\[name=http1\])/protocol$`],
	["Service", "*", `^/spec/template/spec/enableServiceLinks$`],
	["Service", "torghut-sim", `/env\[name=(TRADING_ENABLED|TRADING_MODE|TRADING_ACCOUNT_LABEL|DB_DSN|TRADING_ORDER_FEED_[A-Z0-9_]+|TRADING_SIMULATION_[A-Z0-9_]+|TRADING_SIGNAL_[A-Z0-9_]+)\]`],
	["FlinkDeployment", "torghut-ta-sim", `^/spec/job/(state|upgradeMode)$`],
]

is_ignored(change) if {
	some [kind, name, pattern] in ignored
	change.document.kind == kind
	name in {"*", change.document.name}
	regex.match(pattern, change.pointer)
}

# Whether Argo CD sees another change of the same object.
is_seen_with(change) if {
	some other in input.changes
	other.path == change.path
	other.document == change.document
	not is_ignored(other)
}

# An ignored field is applied together with one that Argo CD sees.
deny contains objects.finding("ignored_field", message, change.path, change.pointer, remedy) if {
	objects.risk != "none"
	some change in input.changes
	is_ignored(change)
	not is_seen_with(change)
	message := text(change)
	remedy := "change a field that Argo CD applies, such as `restartNonce` or another annotation, in the same pull request"
}

warn contains objects.finding("ignored_field", message, change.path, change.pointer, remedy) if {
	objects.risk == "none"
	some change in input.changes
	is_ignored(change)
	not is_seen_with(change)
	message := text(change)
	remedy := "also change a field that Argo CD applies, if this change must take effect"
}

text(change) := sprintf("Argo CD ignores `%s` of %s `%s`: the change would have no effect", [change.pointer, change.document.kind, change.document.name])
