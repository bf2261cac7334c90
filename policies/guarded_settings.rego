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

import data.writ.lib.maps
import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.table
import data.writ.lib.workloads

# Workloads whose settings count, and the ConfigMaps that they read as variables. New ones are looked at as a whole.
subjects := [subject |
	some subject in objects.touched
	count(subject.base) > 0
	count(subject.head) > 0
	count(subject.differing) > 0
	counts(subject)
]

# The names that count: of the simulation, which replays what it is told to, those that say what it is and may do.
names(subject) := subject.differing if not is_simulation(subject)

names(subject) := [name |
	some name in subject.differing
	counts_in_simulation(name)
] if {
	is_simulation(subject)
}

counts_in_simulation(name) if {
	table.class(name) in {"identity", "on_is_dangerous", "off_is_dangerous", "words"}
	not is_replayed(name)
}

counts_in_simulation(name) if not table.is_known(name)

# Argo CD leaves these to the replay.
is_replayed(name) if {
	regex.match(`^TRADING_(ORDER_FEED|SIMULATION|SIGNAL)_|^DB_DSN$`, name)
	name != "TRADING_SIMULATION_ENABLED"
}

counts(subject) if {
	subject.kind in workloads.lasting
	some side in array.concat(subject.head, subject.base)
	workloads.is_looked_at(side)
}

counts(subject) if {
	subject.kind in workloads.lasting
	settings.trades(subject.head)
}

counts(subject) if {
	subject.kind == "FlinkDeployment"
	not endswith(subject.name, "-sim")
}

counts(subject) if {
	subject.kind == "ConfigMap"
	[subject.kind, subject.name] in workloads.guarded
}

counts(subject) if {
	subject.kind == "ConfigMap"
	maps.is_read(subject.name)
}

# The simulation is told what to replay all the time; only what it is counts, and what limits it.
is_simulation(subject) if {
	some occurrence in settings.occurrences(subject.base, "TORGHUT_PROCESS_ROLE")
	settings.plain(occurrence) == "simulation"
}

is_simulation(subject) if endswith(subject.name, "-sim")

# What other rules deny by themselves.
is_denied(subject, name) if {
	table.is_strict(name)
	settings.trades(subject.base)
}

is_denied(subject, name) if {
	table.is_strict(name)
	count(settings.occurrences(subject.head, name)) > 0
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in names(subject)
	table.is_known(name)
	not table.is_compared_whole(name)
	not is_denied(subject, name)
	table.danger(subject.head, name) > table.danger(subject.base, name)
}

# Maps: a number that rises or falls, an entry that is gone, a text that is no map.
riskier contains [subject, name] if {
	some subject in subjects
	some name in names(subject)
	direction := {"map_more_is_riskier": 1, "map_less_is_riskier": -1}[table.class(name)]
	some before in parsed(subject.base, name)
	some after in parsed(subject.head, name)
	some key, was in objects.map(before)
	not is_at_most(object.get(objects.map(after), key, null), was, direction)
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in names(subject)
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
	some name in names(subject)
	table.class(name) == "list_guards"
	count(entries(subject.base, name) - entries(subject.head, name)) > 0
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in names(subject)
	table.class(name) == "list_allows"
	not table.is_strict(name)
	count(entries(subject.base, name)) > 0
	count(entries(subject.head, name)) == 0
}

riskier contains [subject, name] if {
	some subject in subjects
	some name in names(subject)
	table.class(name) == "list_allows"
	not table.is_strict(name)
	count(entries(subject.base, name)) > 0
	count(entries(subject.head, name) - entries(subject.base, name)) > 0
}

# The entries of a list; without one, those of the default.
entries(sides, name) := {trim_space(entry) |
	some text in texts(sides, name)
	some entry in split(text, ",")
	trim_space(entry) != ""
}

texts(sides, name) := settings.literals(sides, name) if {
	count(settings.occurrences(sides, name)) > 0
} else := {object.get(table.row(name), "default", "")}

review contains objects.finding("setting_riskier", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name] in riskier
	message := sprintf("a setting would become riskier: %s", [settings.transition(subject, name)])
	remedy := "have a human decide, or leave the setting as it is"
}

review contains objects.finding("setting_identity", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in subjects
	some name in names(subject)
	is_other(subject, name)
	not is_told_elsewhere(subject, name)
	message := sprintf("another system, file, lock or secret would be meant: %s", [settings.transition(subject, name)])
	remedy := "have a human decide whether the new one is the right one"
}

is_other(subject, name) if {
	table.class(name) == "identity"
	names_something(subject.base, name)
	means(subject.base, name) != means(subject.head, name)
	not is_same_host(subject, name)
}

# Another path or query of the same service in the cluster.
is_same_host(subject, name) if {
	hosts := {host(occurrence) |
		some occurrence in array.concat(settings.occurrences(subject.base, name), settings.occurrences(subject.head, name))
	}
	count(hosts) == 1
	not "" in hosts
	count(settings.occurrences(subject.base, name)) > 0
	count(settings.occurrences(subject.head, name)) > 0
}

host(occurrence) := found[0] if {
	found := regex.find_n(`^https?://[a-z0-9.-]+\.svc(\.cluster\.local)?(:[0-9]+)?`, occurrence.value, 1)
	count(found) == 1
} else := ""

# Where nothing was named, an address outside of the cluster is.
is_other(subject, name) if {
	table.class(name) == "identity"
	some occurrence in settings.occurrences(subject.head, name)
	count(settings.occurrences(subject.base, name)) == 0
	regex.match(`^[a-z+]+://`, occurrence.value)
	not regex.match(`^[a-z+]+://([^/]*\.svc(\.cluster\.local)?|localhost|127\.0\.0\.1|([a-z]+\.)*data\.alpaca\.markets|paper-api\.alpaca\.markets)(:[0-9]+)?(/|$)`, occurrence.value)
}

# Another secret, or another key of it, behind a name of whatever class.
is_other(subject, name) if {
	some occurrence in settings.occurrences(subject.base, name)
	some reference in [occurrence.from.secretKeyRef]
	some after in settings.occurrences(subject.head, name)
	object.get(after, "from", {}) != occurrence.from
	not same_secret(reference, after)
}

same_secret(reference, after) if {
	after.from.secretKeyRef.name == reference.name
	after.from.secretKeyRef.key == reference.key
}

# Rules of their own deny these.
is_told_elsewhere(_, name) if {
	table.is_strict(name)
	table.class(name) == "identity"
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
	some name in names(subject)
	count(settings.occurrences(subject.head, name)) > 0
	not table.is_known(name)
	is_variable(name)
	not is_composed(subject, name)
	message := sprintf("nobody has classified the setting `%s` of %s", [name, objects.title(subject)])
	remedy := "add it to `policies/settings.yaml` under its class, or have a human decide"
}

# What no source says: what the program does without it.
review contains objects.finding("setting_unknown", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in subjects
	some name in names(subject)
	count(settings.occurrences(subject.head, name)) == 0
	not is_moved(subject, name)
	table.class(name) == "neutral"
	not table.row(name).default
	message := sprintf("what %s does without `%s` is known from no source", [objects.title(subject), name])
	remedy := "leave the setting as it is, or have a human decide"
}

# A ConfigMap also holds files, whose names are no variables.
is_variable(name) if regex.match(`^[A-Z_][A-Z0-9_]*$`, name)

# An address that is put together from other variables, under a name that the service's own settings do not use.
is_composed(subject, name) if {
	not regex.match(`^(TRADING|LLM|APCA|ALPACA|TORGHUT|TA|JANGAR|AGENTS|PYTHON|UVICORN|LD)_`, name)
	every occurrence in settings.occurrences(subject.head, name) {
		regex.match(`^[a-z+]+://[^ ]*\$\([A-Z0-9_]+\)`, occurrence.value)
	}
}

# The setting went from the variables to the ConfigMap that they are read from, or back.
is_moved(subject, name) if {
	some other in subjects
	other.name != subject.name
	count(settings.occurrences(other.head, name)) > 0
	count(settings.occurrences(other.base, name)) == 0
}
