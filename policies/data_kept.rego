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

import data.writ.lib.maps
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
	guards(subject)
	not is_store(subject)
	message := sprintf("%s would be removed", [objects.title(subject)])
	remedy := "pause trading instead: a workload that disappears closes no position"
}

guards(subject) if [subject.kind, subject.name] in workloads.guarded

guards(subject) if {
	subject.kind in workloads.lasting
	some side in subject.base
	workloads.is_looked_at(side)
}

guards(subject) if {
	subject.kind == "ConfigMap"
	maps.is_read(subject.name)
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
	some field in ["backup", "retentionPolicy", "schedule", "suspend", "plugins", "bootstrap", "externalClusters", "replica", "clusterID", "stop"]
	saves(subject)
	object.get(spec(side), field, null) != object.get(spec(before), field, null)
	matters(field, before)
	message := sprintf("`%s` of %s would change, which decides whether its data are kept", [field, objects.title(subject)])
	remedy := "have a human decide whether the data stay saved"
}

# A backup that is added only adds.
matters(field, before) if object.get(spec(before), field, null) != null

matters(field, _) if not field in {"backup", "plugins"}

# Volumes: more is ordinary, less and another class are not.
review contains objects.finding("data_unprotected", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	is_store(subject)
	some side in subject.head
	some before in subject.base
	some [place, was] in volumes_of(before)
	is := {value | some [other, value] in volumes_of(side); other == place}
	not keeps(place, was, is)
	message := sprintf("`%s` of %s would change from `%v` to `%s`", [concat(".", place), objects.title(subject), was, concat(", ", is)])
	remedy := "have a human decide whether the data stay: volumes grow, they do not shrink or move"
}

volumes_of(side) := {[place, value] |
	walk(side.value.spec, [path, value])
	is_string(value)
	path[count(path) - 1] in {"size", "storage", "storageClass", "storageClassName", "className", "reclaimPolicy"}
	place := [step | some part in path; step := sprintf("%v", [part])]
}

keeps(_, was, is) if is == {was}

keeps(_, was, is) if {
	some value in is
	bytes(value) >= bytes(was)
}

units := {"": 1, "Ki": 1024, "Mi": 1048576, "Gi": 1073741824, "Ti": 1099511627776, "k": 1000, "M": 1000000, "G": 1000000000, "T": 1000000000000}

bytes(text) := to_number(parts[0]) * units[parts[1]] if {
	regex.match(`^[1-9][0-9]{0,9}([KMGT]i|[kMGT])?$`, text)
	parts := [regex.replace(text, `[A-Za-z]+$`, ""), regex.replace(text, `^[0-9]+`, "")]
}

# What keeps a database's promises: durability, and who may do what in it.
review contains objects.finding("data_unprotected", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	is_store(subject) == "PostgreSQL"
	some side in subject.head
	some before in subject.base
	some promise in weakened(side) - weakened(before)
	message := sprintf("%s would no longer keep what it promises: `%s`", [objects.title(subject), promise])
	remedy := "have a human decide whether data may be lost or changed"
}

weakened(side) := {name |
	some name, value in objects.map(side.value.spec.postgresql.parameters)
	name in {"fsync", "full_page_writes", "synchronous_commit", "wal_level", "data_checksums"}
	value in {"off", "local", "minimal", "false", false}
} | {sprintf("%s of role %v", [field, role.name]) |
	some role in objects.list(side.value.spec.managed.roles)
	some field in ["superuser", "createrole", "createdb", "bypassrls", "replication"]
	role[field] == true
} | {"enableSuperuserAccess" | side.value.spec.enableSuperuserAccess == true} | {"podDisruptionBudget" | is_without_budget(side)}

is_without_budget(side) if side.value.spec.enablePDB == false

# The same of ClickHouse and the ledger.
review contains objects.finding("data_unprotected", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	subject.kind in {"ClickHouseInstallation", "TigerBeetleCluster"}
	some side in subject.head
	some before in subject.base
	some right in widened(side) - widened(before)
	message := sprintf("%s would allow more, or protect less: `%s`", [objects.title(subject), right])
	remedy := "have a human decide who may read and change its data"
}

widened(side) := {sprintf("%s: %v", [name, grant]) |
	some name, grants in objects.map(side.value.spec.configuration.users)
	some grant in grants_of(grants)
	is_string(grant)
	regex.match(`ALL|DROP|ALTER|TRUNCATE|DELETE|CREATE|SYSTEM|ON \*`, upper(grant))
} | {sprintf("%s: %v", [name, value]) |
	some name, value in objects.map(side.value.spec.configuration.profiles)
	endswith(name, "/readonly")
	value in {0, "0"}
} | {sprintf("%s is off", [field]) |
	some field in ["pdb"]
	side.value.spec[field].enabled == false
}

grants_of(grants) := grants if is_array(grants)

grants_of(grants) := [grants] if is_string(grants)

# What runs of a store: fewer of the ledger is less of it.
review contains objects.finding("data_unprotected", message, side.path, "/spec/replicas", remedy) if {
	some subject in objects.touched
	subject.kind in {"TigerBeetleCluster", "StatefulSet"}
	some side in subject.head
	some before in subject.base
	object.get(spec(side), "replicas", 1) < object.get(spec(before), "replicas", 1)
	message := sprintf("%s would have fewer replicas than now", [objects.title(subject)])
	remedy := "have a human decide what happens to the data of the others"
}

# A protecting job that runs far less often.
review contains objects.finding("protection_removed", message, side.path, "/spec/schedule", remedy) if {
	some subject in objects.touched
	subject.kind == "CronJob"
	protects(subject)
	some side in subject.head
	some before in subject.base
	wildcards(side) < wildcards(before)
	message := sprintf("%s would run less often: `%v`, until now `%v`", [objects.title(subject), side.value.spec.schedule, before.value.spec.schedule])
	remedy := "have a human decide how often it has to run"
}

wildcards(side) := count([field | some field in split(side.value.spec.schedule, " "); startswith(field, "*")]) if {
	is_string(side.value.spec.schedule)
}

spec(side) := side.value.spec if {
	is_object(side.value.spec)
} else := {}

saves(subject) if subject.kind == "ScheduledBackup"

saves(subject) if is_store(subject)

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
