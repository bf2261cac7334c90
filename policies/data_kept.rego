# METADATA
# title: What holds data stays
# description: |
#   Argo CD removes from the cluster what is no longer rendered. A database, a ledger or a claim that is removed, renamed
#   or no longer listed is lost with its data. What watches or protects, such as disruption budgets, network policies,
#   reconciliation and exporters, is not removed unseen, and neither is most of the tree.
# custom:
#   codes:
#     store_removed: A database, a ledger or another store would be removed from the cluster, with its data.
#     data_unprotected: A claim, a backup schedule or a bucket would be removed.
#     protection_removed: A disruption budget, a network policy, a reconciliation, an exporter or an alert would be removed.
#     workload_removed: A workload that guards trading would be removed.
#     tree_emptied: Most objects of the tree would be removed.
#   go_on: >-
#     Keep the object, or move it without renaming it: the object is the same if its kind, namespace and name are. To
#     remove a store, follow a runbook that first saves what it holds.
#   change: >-
#     `stores`, `claims` and `protects` say what holds data and what protects it.
#   example:
#     code: store_removed
#     file: kustomization.yaml
#     from: "  - postgres-cluster.yaml\n"
#     to: ""
package writ.data_kept

import rego.v1

import data.writ.lib.objects
import data.writ.lib.workloads

stores := {
	"ClickHouseInstallation": "ClickHouse", "ClickHouseKeeperInstallation": "ClickHouse's Keeper",
	"TigerBeetleCluster": "the ledger", "StatefulSet": "its volumes", "Kafka": "Kafka",
}

claims := {"PersistentVolumeClaim", "ScheduledBackup", "Backup", "ObjectBucketClaim", "PersistentVolume", "VolumeSnapshot"}

removed := [subject |
	some subject in objects.touched
	subject.applied
	count(subject.base) > 0
	count(subject.head) == 0
	not is_unreadable(subject)
]

# An object whose file cannot be read is not removed: nothing is rendered then, and another rule denies it.
is_unreadable(subject) if {
	some file in input.files
	file.path == subject.base[0].path
	file.status != "removed"
	is_broken(file)
}

is_broken(file) if is_string(file.head_problem)

is_broken(file) if file.is_lfs

is_broken(file) if file.head_kind in {"symlink", "submodule"}

is_store(subject) := stores[subject.kind]

is_store(subject) := "PostgreSQL" if {
	subject.kind == "Cluster"
	subject.group == "postgresql.cnpg.io"
}

deny contains objects.finding("store_removed", message, objects.path(subject), "", remedy) if {
	some subject in removed
	what := is_store(subject)
	message := sprintf("%s would be removed, and %s with its data: Argo CD prunes what is no longer rendered", [objects.title(subject), what])
	remedy := "keep it rendered under the same kind, namespace and name; to remove it, save its data first, by a runbook"
}

review contains objects.finding("data_unprotected", message, objects.path(subject), "", remedy) if {
	some subject in removed
	subject.kind in claims
	message := sprintf("%s would be removed: Argo CD prunes what is no longer rendered", [objects.title(subject)])
	remedy := "have a human decide who has saved what it holds"
}

protects(subject) if subject.kind in {"PodDisruptionBudget", "NetworkPolicy", "PrometheusRule", "ServiceMonitor", "PodMonitor", "CiliumNetworkPolicy"}

protects(subject) if {
	subject.kind in {"CronJob", "Job", "Deployment"}
	regex.match(`reconcil|exporter|alloy|guardrail|retention|prune-guard`, subject.name)
}

review contains objects.finding("protection_removed", message, objects.path(subject), "", remedy) if {
	some subject in removed
	protects(subject)
	message := sprintf("%s would be removed: what it watches or protects would no longer be", [objects.title(subject)])
	remedy := "have a human decide what watches instead"
}

review contains objects.finding("workload_removed", message, objects.path(subject), "", remedy) if {
	some subject in removed
	[subject.kind, subject.name] in workloads.guarded
	not is_store(subject)
	message := sprintf("%s would be removed", [objects.title(subject)])
	remedy := "pause trading instead: a workload that disappears closes no position"
}

# What watches or protects may also be stopped, or changed.

review contains objects.finding("protection_removed", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	count(subject.base) > 0
	some side in subject.head
	is_stopped(side)
	protects(subject)
	every before in subject.base {
		not is_stopped(before)
	}
	message := sprintf("%s would be stopped: what it watches or protects would no longer be", [objects.title(subject)])
	remedy := "have a human decide what watches instead"
}

is_stopped(side) if side.value.spec.suspend == true

is_stopped(side) if side.value.spec.replicas == 0

review contains objects.finding("protection_removed", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	subject.kind in {"PodDisruptionBudget", "NetworkPolicy", "CiliumNetworkPolicy"}
	some side in subject.head
	some before in subject.base
	side.value.spec != before.value.spec
	message := sprintf("%s would protect something else than now", [objects.title(subject)])
	remedy := "have a human decide"
}

# Backups of a database that stays.
review contains objects.finding("data_unprotected", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	some side in subject.head
	some before in subject.base
	some field in ["backup", "retentionPolicy", "schedule", "suspend", "storage", "walStorage", "plugins"]
	saves(subject)
	object.get(side.value.spec, field, null) != object.get(before.value.spec, field, null)
	object.get(before.value.spec, field, null) != null
	message := sprintf("`%s` of %s would change", [field, objects.title(subject)])
	remedy := "have a human decide whether the data stay saved"
}

saves(subject) if subject.kind == "ScheduledBackup"

saves(subject) if is_store(subject) == "PostgreSQL"

# The tree.

applied(side) := count([subject | some subject in input.objects; subject.applied; count(subject[side]) > 0])

deny contains objects.finding("tree_emptied", message, input.gitops_path, "", remedy) if {
	before := applied("base")
	before >= 10
	after := applied("head")
	after * 2 < before
	message := sprintf("%d of %d objects would be removed from the cluster", [before - after, before])
	remedy := "keep the kustomization and its resources; remove objects a few at a time"
}
