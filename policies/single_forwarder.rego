# METADATA
# title: Only one forwarder
# description: |
#   The broker allows one market-data connection per account: a second forwarder gets error 406 and takes the first one
#   down. So `torghut-ws` has at most one replica, is recreated and never rolled, reads one shard and is not autoscaled,
#   and no other workload runs its image.
# custom:
#   codes:
#     forwarder_replicas: The forwarder would have a number of replicas other than 0 or 1.
#     forwarder_stopped: The forwarder would be stopped, and market data with it.
#     forwarder_strategy: The forwarder would be rolled instead of recreated, so that two would run at the same time.
#     forwarder_shards: The forwarder would read more than one shard.
#     forwarder_autoscaled: An autoscaler would scale the forwarder.
#     second_forwarder: A second workload would run the forwarder's image.
#   go_on: >-
#     Keep one replica, `Recreate` and one shard. To read more symbols, change the list: one connection is enough.
#   change: >-
#     `workload` is the name of the forwarder and of its image.
#   example:
#     code: forwarder_replicas
#     file: ws/deployment.yaml
#     from: "replicas: 1"
#     to: "replicas: 2"
package writ.single_forwarder

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.workloads

workload := "torghut-ws"

# A forwarder: the workload of that name, or any other that runs its image.
is_forwarder(subject, side) if {
	subject.name == workload
	is_object(side.value.spec.template)
}

is_forwarder(_, side) if {
	workloads.forwards(side)
}

forwarders(sides, subject) := [side | some side in sides; is_forwarder(subject, side)]

replicas(side) := object.get(side.value, ["spec", "replicas"], 1)

# Level: what was so before is a warning.
deny contains entry.finding if {
	some entry in wrong
	not entry.was_wrong
}

standing contains entry.finding if {
	some entry in wrong
	entry.was_wrong
}

wrong contains entry if {
	some subject in input.objects
	some side in subject.head
	found := side.value.spec.replicas
	not found in {0, 1}
	is_forwarder(subject, side)
	was_wrong := same(subject, ["spec", "replicas"], replicas(side))
	words := replica_words(was_wrong)
	message := sprintf(words.message, [objects.title(subject), replicas(side)])
	entry := {
		"was_wrong": was_wrong,
		"finding": objects.finding("forwarder_replicas", message, side.path, "/spec/replicas", words.remedy),
	}
}

replica_words(false) := {
	"message": "the forwarder %s would have `%v` replicas",
	"remedy": "keep `replicas: 1`; the broker allows one connection",
}

replica_words(true) := {
	"message": "the forwarder %s already has `%v` replicas",
	"remedy": "set `replicas: 1`; the broker allows one connection",
}

warn contains objects.finding("forwarder_stopped", message, side.path, "/spec/replicas", remedy) if {
	some subject in objects.touched
	some side in forwarders(subject.head, subject)
	replicas(side) == 0
	not same(subject, ["spec", "replicas"], 0)
	message := sprintf("stops the forwarder %s", [objects.title(subject)])
	remedy := "approve only if it is acceptable that market data stops"
}

deny contains objects.finding("forwarder_strategy", message, side.path, "/spec/strategy/type", remedy) if {
	some subject in objects.touched
	subject.kind == "Deployment"
	some side in forwarders(subject.head, subject)
	strategy := object.get(side.value, ["spec", "strategy", "type"], "RollingUpdate")
	strategy != "Recreate"
	not was_rolled(subject)
	message := sprintf("the forwarder %s would be rolled (`%v`): two would run at the same time", [objects.title(subject), strategy])
	remedy := "keep `strategy: {type: Recreate}`"
}

was_rolled(subject) if {
	some side in forwarders(subject.base, subject)
	object.get(side.value, ["spec", "strategy", "type"], "RollingUpdate") != "Recreate"
}

default same(_, _, _) := false

same(subject, place, value) if {
	some side in subject.base
	object.get(side.value, place, 1) == value
}

deny contains objects.finding("forwarder_shards", message, objects.path(subject), settings.pointer(subject, "SHARD_COUNT"), remedy) if {
	some subject in objects.touched
	"SHARD_COUNT" in subject.differing
	some occurrence in settings.occurrences(subject.head, "SHARD_COUNT")
	settings.danger_of_cap(occurrence) != 1
	message := sprintf("the forwarder would read more than one shard: %s", [settings.transition(subject, "SHARD_COUNT")])
	remedy := "keep `SHARD_COUNT: \"1\"`; one forwarder reads everything"
}

deny contains objects.finding("forwarder_autoscaled", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	subject.kind in {"HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"}
	some side in subject.head
	side.value.spec.scaleTargetRef.name == workload
	message := sprintf("%s would scale the forwarder", [objects.title(subject)])
	remedy := "exclude the forwarder from autoscaling; the broker allows one connection"
}

deny contains objects.finding("second_forwarder", message, side.path, "", remedy) if {
	some subject in objects.touched
	some side in forwarders(subject.head, subject)
	count(forwarders(subject.base, subject)) == 0
	is_second(subject)
	message := sprintf("%s would be a second forwarder", [objects.title(subject)])
	remedy := "run the forwarder's image only in `torghut-ws`; the broker allows one connection"
}

is_second(subject) if subject.name != workload

is_second(subject) if subject.kind != "Deployment"

# The same in another namespace.
is_second(subject) if {
	some other in input.objects
	other.kind == subject.kind
	other.name == subject.name
	other.namespace != subject.namespace
	count(forwarders(other.head, other)) > 0
}

# The same workload declared twice, in any files.
deny contains objects.finding("second_forwarder", message, side.path, "", remedy) if {
	some subject in objects.touched
	count(forwarders(subject.head, subject)) > 1
	count(forwarders(subject.base, subject)) < count(forwarders(subject.head, subject))
	some side in subject.head
	message := sprintf("%s would be declared twice", [objects.title(subject)])
	remedy := "declare each object once"
}

# The image twice in one object: an init container that stays, a sidecar.
deny contains objects.finding("second_forwarder", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	some side in subject.head
	runs := forwarder_images(side)
	runs > 1
	runs > max({0} | {forwarder_images(before) | some before in subject.base})
	message := sprintf("%s would run the forwarder %d times", [objects.title(subject), runs])
	remedy := "run the forwarder's image in one container; the broker allows one connection"
}

forwarder_images(side) := count([found | some found in side.images; workloads.is_image(found.image, workload)])
