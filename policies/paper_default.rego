# METADATA
# title: Paper trading by default, live mode in plain sight
# description: |
#   Paper trading is the default, and live mode is visible: it is listed under what stood before each change. The simulation stays on its
#   own account, pipelines start in paper mode, and a workload that trades takes its settings from where they can be
#   judged: not from a Secret, not from a ConfigMap outside the repository, not from a command line.
# custom:
#   codes:
#     standing_live: The object is already in live mode, before and after this change.
#     simulation_account: The simulation would use an account other than its own.
#     default_mode: A pipeline would start in a mode other than paper.
#     hidden_settings: A workload that trades would take settings from a source that cannot be judged.
#     inline_setting: A command line would set a trading setting and so bypass the rules on variables.
#   go_on: >-
#     List the variables in `env`, or take them from a ConfigMap below the GitOps path. Pre-existing live mode needs no
#     action: it decides nothing.
#   change: >-
#     `writ.lib.settings.assignment` is what a command line may not set; `sources` lists where whole sets of variables come from.
#   example:
#     code: hidden_settings
#     file: scheduler-deployment.yaml
#     from: "          env:\n"
#     to: "          envFrom:\n            - secretRef: {name: torghut-alpaca}\n          env:\n"
package writ.paper_default

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.trading

# Pre-existing live mode decides nothing, so that it never blocks a risk-reducing change.

standing contains objects.finding("standing_live", message, objects.path(subject), settings.pointer(subject, "TRADING_MODE"), remedy) if {
	some subject in trading.standing_live
	on := [sprintf("`%s`", [name]) |
		some name in sort(trading.switches)
		name != "TRADING_ENABLED"
		is_on(subject.base, name)
		is_on(subject.head, name)
	]
	message := sprintf("%s is already in live mode%s", [objects.title(subject), also(on)])
	remedy := "pre-existing; not changed by this pull request"
}

is_on(sides, name) if {
	some occurrence in settings.occurrences(sides, name)
	not settings.is_false(occurrence)
}

also(names) := "" if {
	count(names) == 0
} else := sprintf(", with %s", [concat(", ", names)])

# The simulation.

deny contains objects.finding("simulation_account", message, objects.path(subject), settings.pointer(subject, "TRADING_ACCOUNT_LABEL"), remedy) if {
	some subject in objects.touched
	endswith(subject.name, "-sim")
	"TRADING_ACCOUNT_LABEL" in subject.differing
	some occurrence in settings.occurrences(subject.head, "TRADING_ACCOUNT_LABEL")
	not settings.is_text(occurrence, "TORGHUT_SIM")
	message := sprintf("the simulation would trade on a different account: %s", [settings.transition(subject, "TRADING_ACCOUNT_LABEL")])
	remedy := "keep `TRADING_ACCOUNT_LABEL: TORGHUT_SIM` on the simulation"
}

# Pipelines: YAML inside a ConfigMap.

deny contains objects.finding("default_mode", message, side.path, sprintf("/data/%s/pipeline/default_mode", [key]), remedy) if {
	some subject in objects.touched
	some side in subject.head
	some key, text in side.embedded
	mode := default_mode(text)
	mode != "paper"
	not mode in {default_mode(before) | some before in subject.base[_].embedded}
	message := sprintf("the pipeline in `%s` of %s would start in mode `%v`", [key, objects.title(subject), mode])
	remedy := "keep `default_mode: paper`; a candidate goes live through its own gates"
}

default_mode(text) := object.get(text.value.pipeline, "default_mode", "absent") if is_object(text.value.pipeline)

# Settings from other sources.

deny contains objects.finding("hidden_settings", message, side.path, "", remedy) if {
	some subject in objects.touched
	some side in subject.head
	settings.trades([side])
	some source in sources(side)
	not source in {known | some before in subject.base; some known in sources(before)}
	not is_in_sight(subject, source)
	message := sprintf("%s would take settings from %s, which cannot be judged here", [objects.title(subject), source])
	remedy := "list the variables in `env`, or take them from a ConfigMap below the GitOps path"
}

# The sources of whole sets of variables: `Secret torghut-alpaca`.
sources(side) := {source |
	some container in objects.containers(side)
	some entry in objects.list(container.envFrom)
	some field, kind in {"secretRef": "Secret", "configMapRef": "ConfigMap"}
	source := sprintf("%s `%v`", [kind, entry[field].name])
}

is_in_sight(subject, source) if [subject.namespace, source] in in_sight

# The ConfigMaps that can be judged; found once, however many workloads read some.
in_sight := {[other.namespace, objects.title(other)] |
	some other in input.objects
	other.kind == "ConfigMap"
	count(other.head) > 0
}

deny contains objects.finding("inline_setting", message, side.path, "", remedy) if {
	some subject in objects.touched
	some side in subject.head
	some line in command_lines(side)
	regex.match(settings.assignment, line)
	not line in {known | some before in subject.base; some known in command_lines(before)}
	message := sprintf("a command line of %s would set a trading setting", [objects.title(subject)])
	remedy := "set variables in `env`, where they can be judged"
}

command_lines(side) := {line |
	some container in objects.containers(side)
	some field in ["command", "args"]
	some line in objects.list(container[field])
	is_string(line)
}
