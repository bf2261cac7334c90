# METADATA
# title: Nothing is restored or promoted while nobody watches
# description: |
#   A repository's settings may name freezes and the hours of the market. In a freeze, and outside the hours, a human
#   decides what puts something back or rolls something out: what a restoring or promoting procedure plans, and in
#   anybody's pull request a setting in its risky direction, more replicas, a job that runs or is restarted, a cron job
#   that is no longer suspended, another image of what trades. A containment is never asked about.
# custom:
#   codes:
#     frozen: Something would be restored or promoted in a freeze.
#     outside_hours: Something would be restored or promoted outside the hours of the market.
#   go_on: >-
#     Wait until the window opens; the pull request is judged again by itself then. If it cannot wait, have another human
#     approve it.
#   change: >-
#     `calendar` of the repository in the settings file names freezes and hours.
package writ.restoring_hours

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.table
import data.writ.lib.workloads

# What would be put back or rolled out: where, and in words. In a plan of writ's own, its class says it.
restored contains [change.path, change.pointer, what] if {
	objects.risk in {"restoring", "promotion", "live"}
	some change in input.changes
	what := sprintf("the procedure `%s` is of the class %s", [input.request.procedure, objects.risk])
}

restored contains [objects.path(subject), settings.pointer(subject, name), what] if {
	objects.risk == "none"
	some subject in objects.touched
	count(subject.head) > 0
	some name in subject.differing
	table.is_known(name)
	not table.is_compared_whole(name)
	table.danger(subject.head, name) > table.danger(subject.base, name)
	what := sprintf("a setting becomes riskier: %s", [settings.transition(subject, name)])
}

restored contains [change.path, change.pointer, what] if {
	objects.risk == "none"
	some change in input.changes
	change.document.kind in {"Deployment", "StatefulSet", "ReplicaSet"}
	change.pointer == "/spec/replicas"
	replicas(change.after) > replicas(change.before)
	what := sprintf("%s would run more replicas", [named(change)])
}

# Without a number there is one.
replicas(value) := value if is_number(value)

replicas(value) := 1 if not is_number(value)

restored contains [change.path, change.pointer, what] if {
	objects.risk == "none"
	some change in input.changes
	change.pointer == "/spec/job/state"
	change.before == "suspended"
	change.after != "suspended"
	what := sprintf("%s would run", [named(change)])
}

restored contains [change.path, change.pointer, what] if {
	objects.risk == "none"
	some change in input.changes
	change.document.kind == "CronJob"
	change.pointer == "/spec/suspend"
	change.before == true
	not change.after == true
	what := sprintf("%s would no longer be suspended", [named(change)])
}

restored contains [change.path, change.pointer, what] if {
	objects.risk == "none"
	some change in input.changes
	is_restart(change)
	what := sprintf("%s would be restarted", [named(change)])
}

is_restart(change) if change.pointer == "/spec/restartNonce"

is_restart(change) if {
	[change.document.kind, change.document.name] in workloads.guarded
	endswith(change.pointer, "/annotations/kubectl.kubernetes.io~1restartedAt")
}

restored contains [change.path, change.pointer, what] if {
	objects.risk == "none"
	some change in input.changes
	[change.document.kind, change.document.name] in workloads.guarded
	endswith(change.pointer, "/image")
	change.after != null
	what := sprintf("%s would run another image", [named(change)])
}

named(change) := sprintf("%s `%s`", [change.document.kind, change.document.name])

review contains objects.finding(input.window.code, message, path, pointer, remedy) if {
	input.window.code in {"frozen", "outside_hours"}
	some [path, pointer, what] in restored
	message := sprintf("%s %s", [what, when])
	remedy := sprintf("wait %s, or have another human approve it", [until])
}

when := sprintf("in the freeze `%s`, until %s", [input.window.name, end]) if {
	input.window.code == "frozen"
} else := sprintf("outside the hours of the market, which begin at %s", [end])

until := sprintf("until %s", [end])

end := input.window.until if {
	is_string(input.window.until)
} else := "a time that is not known"
