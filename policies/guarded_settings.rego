# METADATA
# title: Every setting has a risky direction, or none
# description: |
#   The table of settings says for each one which direction is risky and what its absence means. A change in the risky
#   direction that no other rule denies is decided by a human, and so are another identity (an address, a lock, a table,
#   a file, a secret) and a setting that the table does not know.
# custom:
#   codes:
#     setting_riskier: A setting of a trading workload would change in its risky direction.
#     setting_identity: A setting of a trading workload would name another system, file, lock or secret.
#     setting_unknown: A trading workload would set something that the table of settings does not know.
#   go_on: >-
#     Change the setting in its safe direction, or have a human approve. Add an unknown setting to `policies/settings.yaml`
#     under its class.
#   change: >-
#     `policies/settings.yaml` is the table; `writ.lib.table` says what each class means.
#   example:
#     code: setting_riskier
#     file: scheduler-deployment.yaml
#     from: "            - name: LLM_ENABLED\n"
#     to: "            - name: TRADING_COOLDOWN_SECONDS\n              value: \"-1\"\n            - name: LLM_ENABLED\n"
package writ.guarded_settings

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.table
import data.writ.lib.workloads

# Workloads whose settings count: those of the trading service, the simulation aside, and the forwarder with its
# ConfigMap. New ones are looked at as a whole.
subjects := [subject |
	some subject in objects.touched
	count(subject.base) > 0
	count(subject.head) > 0
	counts(subject)
]

counts(subject) if {
	subject.kind in workloads.lasting
	subject.name != "torghut-sim"
	some side in array.concat(subject.head, subject.base)
	workloads.serves(side)
}

counts(subject) if {
	subject.kind in workloads.lasting
	subject.name != "torghut-sim"
	settings.trades(subject.head)
}

counts(subject) if [subject.kind, subject.name] in {["Deployment", "torghut-ws"], ["ConfigMap", "torghut-ws-config"]}

riskier contains [subject, name] if {
	some subject in subjects
	some name in subject.differing
	table.is_known(name)
	not table.is_strict(name)
	not table.class(name) in table.compared_whole
	table.danger(subject.head, name) > table.danger(subject.base, name)
}

# Maps: a number that rises or falls, an entry that is gone, a text that is no map.
riskier contains [subject, name] if {
	some subject in subjects
	some name in subject.differing
	direction := {"map_more_is_riskier": 1, "map_less_is_riskier": -1}[table.class(name)]
	some before in parsed(subject.base, name)
	some after in parsed(subject.head, name)
	some key, was in objects.map(before)
	not is_at_most(object.get(objects.map(after), key, null), was, direction)
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in subject.differing
	table.class(name) in {"map_more_is_riskier", "map_less_is_riskier"}
	count(parsed(subject.base, name)) > 0
	count(parsed(subject.head, name)) == 0
}

parsed(sides, name) := {value |
	some occurrence in settings.occurrences(sides, name)
	json.is_valid(occurrence.value)
	value := json.unmarshal(occurrence.value)
	is_object(value)
}

is_at_most(is, was, direction) if {
	is_number(is)
	is_number(was)
	is * direction <= was * direction
}

is_at_most(is, was, _) if is == was

# Lists.
riskier contains [subject, name] if {
	some subject in subjects
	some name in subject.differing
	table.class(name) == "list_guards"
	count(settings.occurrences(subject.head, name)) > 0
	count(entries(subject.base, name) - entries(subject.head, name)) > 0
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in subject.differing
	table.class(name) == "list_allows"
	not table.is_strict(name)
	count(entries(subject.base, name)) > 0
	count(entries(subject.head, name)) == 0
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in subject.differing
	table.class(name) == "list_allows"
	not table.is_strict(name)
	count(entries(subject.base, name)) > 0
	count(entries(subject.head, name) - entries(subject.base, name)) > 0
}

entries(sides, name) := {trim_space(entry) |
	some text in settings.literals(sides, name)
	some entry in split(text, ",")
	trim_space(entry) != ""
}

review contains objects.finding("setting_riskier", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name] in riskier
	message := sprintf("a setting would become riskier: %s", [settings.transition(subject, name)])
	remedy := "have a human decide, or leave the setting as it is"
}

review contains objects.finding("setting_identity", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in subjects
	some name in subject.differing
	table.class(name) == "identity"
	not table.is_strict(name)
	names_something(subject.base, name)
	means(subject.base, name) != means(subject.head, name)
	message := sprintf("another system, file, lock or secret would be meant: %s", [settings.transition(subject, name)])
	remedy := "have a human decide whether the new one is the right one"
}

names_something(sides, name) if count(settings.occurrences(sides, name)) > 0

names_something(_, name) if table.row(name).default

# What a side names: its values and references, else the default. Naming something where nothing was named is no change.
means(sides, name) := settings.said(sides, name) if {
	count(settings.occurrences(sides, name)) > 0
} else := {{"value": table.row(name).default}}

means(sides, name) := set() if {
	count(settings.occurrences(sides, name)) == 0
	not table.row(name).default
}

review contains objects.finding("setting_unknown", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in subjects
	some name in subject.differing
	count(settings.occurrences(subject.head, name)) > 0
	regex.match(`^(TRADING|LLM|APCA|ALPACA|TORGHUT|DB|JANGAR|AGENTS)_`, name)
	not table.is_known(name)
	message := sprintf("the table of settings does not know `%s` of %s", [name, objects.title(subject)])
	remedy := "add it to `policies/settings.yaml` under its class, or have a human decide"
}
