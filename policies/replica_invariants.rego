# METADATA
# title: Replica invariants
# description: |
#   One scheduler writes orders, so it has 0 or 1 replicas and the strategy `Recreate`. The trading service's Knative
#   service never runs twice. A Flink job has one job manager and enough task slots. Databases do not lose replicas.
# custom:
#   codes:
#     scheduler_replicas: The scheduler would have a number of replicas other than 0 or 1.
#     scheduler_strategy: The scheduler would be rolled instead of recreated, so that two would write at the same time.
#     scheduler_started: The scheduler starts again after it was stopped.
#     knative_scale: A Knative service would be allowed to run more than once.
#     knative_always_on: The stateless API would be kept running by `minScale`.
#     flink_job_manager: A Flink job would not have exactly one job manager.
#     flink_slots: A Flink job's parallelism would exceed the slots of its task managers.
#     database_replicas: A database would lose replicas.
#   go_on: >-
#     Use 0 or 1 schedulers, at most one Knative replica, one job manager. Remove database instances by hand, following
#     a runbook.
#   change: >-
#     `is_scheduler` decides what a scheduler is; each rule contains its numbers.
#   example:
#     code: scheduler_replicas
#     file: scheduler-deployment.yaml
#     from: "replicas: 1"
#     to: "replicas: 2"
package writ.replica_invariants

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

# A scheduler: the workload of that name, or any whose process role says so.
is_scheduler(subject, side) if {
	subject.name == "torghut-scheduler"
	is_object(side.value.spec.template)
}

is_scheduler(_, side) if {
	some occurrence in side.settings.TORGHUT_PROCESS_ROLE
	settings.plain(occurrence) == "scheduler"
	is_object(side.value.spec.template)
}

schedulers(sides, subject) := [side | some side in sides; is_scheduler(subject, side)]

replicas(side) := object.get(side.value, ["spec", "replicas"], 1)

# Every state of the base, to compare with.
base_replicas(subject) := {replicas(side) | some side in schedulers(subject.base, subject)}

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
	is_scheduler(subject, side)
	was_wrong := replicas(side) in base_replicas(subject)
	message := sprintf(replica_message(was_wrong), [objects.title(subject), replicas(side)])
	remedy := "set `replicas` to 1, or to 0 to pause trading"
	entry := {
		"was_wrong": was_wrong,
		"finding": objects.finding("scheduler_replicas", message, side.path, "/spec/replicas", remedy),
	}
}

replica_message(false) := "the scheduler %s would have `%v` replicas"

replica_message(true) := "the scheduler %s already has `%v` replicas"

warn contains objects.finding("scheduler_started", message, side.path, "/spec/replicas", remedy) if {
	some subject in objects.touched
	some side in schedulers(subject.head, subject)
	replicas(side) == 1
	base_replicas(subject) == {0}
	message := sprintf("starts the scheduler %s: trading resumes", [objects.title(subject)])
	remedy := "approve only if the reason for stopping is understood and resolved"
}

deny contains objects.finding("scheduler_strategy", message, side.path, "/spec/strategy/type", remedy) if {
	some subject in objects.touched
	subject.kind == "Deployment"
	some side in schedulers(subject.head, subject)
	strategy(side) != "Recreate"
	count([before | some before in schedulers(subject.base, subject); strategy(before) != "Recreate"]) == 0
	message := sprintf("the scheduler %s would be rolled (`%v`): two would write at the same time", [objects.title(subject), strategy(side)])
	remedy := "keep `strategy: {type: Recreate}`"
}

strategy(side) := object.get(side.value, ["spec", "strategy", "type"], "RollingUpdate")

# Knative.

is_knative(subject) if {
	subject.group == "serving.knative.dev"
	subject.kind == "Service"
}

annotation(side, name) := object.get(side.value, ["spec", "template", "metadata", "annotations", name], "absent")

scale_pointer(name) := sprintf("/spec/template/metadata/annotations/autoscaling.knative.dev~1%s", [name])

deny contains objects.finding("knative_scale", message, side.path, scale_pointer("maxScale"), remedy) if {
	some subject in objects.touched
	is_knative(subject)
	some side in subject.head
	scale := annotation(side, "autoscaling.knative.dev/maxScale")
	scale != "1"
	not scale in {annotation(before, "autoscaling.knative.dev/maxScale") | some before in subject.base}
	message := sprintf("%s could run more than once: `maxScale` would be `%v`", [objects.title(subject), scale])
	remedy := "keep the annotation `autoscaling.knative.dev/maxScale: \"1\"`"
}

deny contains objects.finding("knative_always_on", message, side.path, scale_pointer("minScale"), remedy) if {
	some subject in objects.touched
	is_knative(subject)
	some side in subject.head
	some occurrence in side.settings.TORGHUT_PROCESS_ROLE
	settings.plain(occurrence) == "api"
	annotation(side, "autoscaling.knative.dev/minScale") != "absent"
	every before in subject.base {
		annotation(before, "autoscaling.knative.dev/minScale") == "absent"
	}
	message := sprintf("%s is the stateless API and may not have `minScale`", [objects.title(subject)])
	remedy := "omit the annotation; only the scheduler runs all the time"
}

# Flink.

flink(sides) := [side | some side in sides; side.value.kind == "FlinkDeployment"]

deny contains objects.finding("flink_job_manager", message, side.path, "/spec/jobManager/replicas", remedy) if {
	some subject in objects.touched
	some side in flink(subject.head)
	managers := object.get(side.value, ["spec", "jobManager", "replicas"], 1)
	managers != 1
	not managers in {object.get(before.value, ["spec", "jobManager", "replicas"], 1) | some before in flink(subject.base)}
	message := sprintf("%s would have `%v` job managers", [objects.title(subject), managers])
	remedy := "keep `spec.jobManager.replicas: 1`"
}

deny contains objects.finding("flink_slots", message, side.path, "/spec/job/parallelism", remedy) if {
	some subject in objects.touched
	some side in flink(subject.head)
	lacks_slots(side)
	count([before | some before in flink(subject.base); lacks_slots(before)]) == 0
	message := sprintf("the parallelism of %s would exceed the slots of its task managers", [objects.title(subject)])
	remedy := "keep `parallelism` within `taskManager.replicas` times `taskmanager.numberOfTaskSlots`"
}

lacks_slots(side) if {
	parallelism := side.value.spec.job.parallelism
	not parallelism <= number(side.value.spec.flinkConfiguration["taskmanager.numberOfTaskSlots"]) * task_managers(side)
}

task_managers(side) := count_ if {
	count_ := side.value.spec.taskManager.replicas
	is_number(count_)
}

number(value) := value if is_number(value)

number(value) := to_number(value) if {
	is_string(value)
	regex.match(`^[1-9][0-9]{0,5}$`, value)
}

# Databases.

deny contains objects.finding("database_replicas", message, objects.path(subject), "/spec/instances", remedy) if {
	some subject in objects.touched
	subject.group == "postgresql.cnpg.io"
	some before in subject.base
	some side in subject.head
	object.get(side.value, ["spec", "instances"], 1) < object.get(before.value, ["spec", "instances"], 1)
	message := sprintf("%s would lose instances", [objects.title(subject)])
	remedy := "remove instances by hand, following a runbook"
}

deny contains objects.finding("database_replicas", message, objects.path(subject), "/spec/configuration/clusters", remedy) if {
	some subject in objects.touched
	subject.kind == "ClickHouseInstallation"
	some before in subject.base
	some side in subject.head
	some cluster in objects.list(before.value.spec.configuration.clusters)
	is_object(cluster)
	some field in ["replicasCount", "shardsCount"]
	was := object.get(cluster, ["layout", field], 1)
	is := max({0} | {object.get(other, ["layout", field], 1) |
		some other in objects.list(side.value.spec.configuration.clusters)
		is_object(other)
		other.name == cluster.name
	})
	is < was
	message := sprintf("%s would lose replicas: `%s` of cluster `%v` from %v to %v", [objects.title(subject), field, cluster.name, was, is])
	remedy := "remove replicas by hand, with a table migration"
}
