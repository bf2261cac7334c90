# METADATA
# title: Restarts and replays take effect
# description: |
#   Flink's operator restarts a job when `restartNonce` changes, and release tools increment it. A job that restarts
#   from its last state keeps its offsets, so a new consumer group alone replays nothing.
# custom:
#   codes:
#     nonce_not_increased: The restart nonce would go down, or would not be a whole number.
#     job_state: A Flink job would have a state that the operator does not accept.
#     replay_keeps_state: A job would get a new group for a replay but keep its offsets, so that nothing is replayed.
#   go_on: >-
#     Increment the nonce by one, as a plain number. To start a replay, set `upgradeMode: stateless`.
#   change: >-
#     The rule for `job_state` lists the states that the operator accepts; `replays` decides what counts as a replay.
#   example:
#     code: nonce_not_increased
#     file: ta/flinkdeployment.yaml
#     from: "restartNonce: 38"
#     to: "restartNonce: 37"
package writ.flink_restarts

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

jobs(sides) := [side | some side in sides; side.value.kind == "FlinkDeployment"]

nonce(side) := object.get(side.value, ["spec", "restartNonce"], 0)

is_whole(value) if {
	is_number(value)
	value == floor(value)
	value >= 0
}

deny contains objects.finding("nonce_not_increased", message, side.path, "/spec/restartNonce", remedy) if {
	some subject in objects.touched
	some side in jobs(subject.head)
	some before in jobs(subject.base)
	nonce(side) != nonce(before)
	not is_higher(nonce(side), nonce(before))
	message := sprintf("the restart nonce of %s would go from `%v` to `%v`", [objects.title(subject), nonce(before), nonce(side)])
	remedy := "increment it by one, as a plain number"
}

is_higher(head, base) if {
	is_whole(head)
	is_whole(base)
	head > base
}

# A value that is not a number may become one.
is_higher(head, base) if {
	is_whole(head)
	not is_whole(base)
}

deny contains objects.finding("job_state", message, side.path, "/spec/job/state", remedy) if {
	some subject in objects.touched
	some side in jobs(subject.head)
	state := object.get(side.value, ["spec", "job", "state"], "running")
	not state in {"running", "suspended"}
	not state in {object.get(before.value, ["spec", "job", "state"], "running") | some before in jobs(subject.base)}
	message := sprintf("%s would have the state `%v`", [objects.title(subject), state])
	remedy := "set `running` or `suspended`"
}

# The group is new and reads from the beginning: a replay is intended.
replays contains [map, name] if {
	some map in objects.touched
	map.kind == "ConfigMap"
	"TA_GROUP_ID" in map.differing
	name := "TA_GROUP_ID"
	"earliest" in settings.literals(map.head, "TA_AUTO_OFFSET_RESET")
}

warn contains objects.finding("replay_keeps_state", message, side.path, "/spec/job/upgradeMode", remedy) if {
	some [map, name] in replays
	some subject in input.objects
	some side in jobs(subject.head)
	some container in objects.containers(side)
	container.envFrom[_].configMapRef.name == map.name
	object.get(side.value, ["spec", "job", "upgradeMode"], "stateless") != "stateless"
	message := sprintf("%s keeps its offsets, so the new group replays nothing: %s", [objects.title(subject), settings.transition(map, name)])
	remedy := "set `upgradeMode: stateless` to start the replay, and `last-state` after its first checkpoint"
}
