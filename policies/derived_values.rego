# METADATA
# title: Derived values match their sources
# description: |
#   Some values are derived from others: the digest of a configuration on the pod that must restart with it, the hash of
#   a list of symbols, a list that must equal another, the image digest that a variable repeats. A change that breaks
#   such a pair is denied; a pair that was already broken is reported.
# custom:
#   codes:
#     config_digest: The digest on a pod would not match its configuration.
#     symbol_hash: The hash of a list of symbols would not match the list.
#     symbol_lists: Lists of symbols that must be equal would differ.
#     too_many_symbols: More symbols would be requested than the broker allows.
#     image_digest: The variable that repeats the image's digest would not match the image.
#     parallelism: The parallelism of a job would differ from its settings.
#     not_restarted: Settings change that a workload reads only at startup, and nothing restarts it.
#   go_on: >-
#     Change both values in one pull request. The finding's remedy says how one is derived from the other.
#   change: >-
#     Each pair is one `wrong contains` rule: what it compares, and whether it was wrong before. Add a rule for each new
#     pair.
#   example:
#     code: symbol_hash
#     file: universe-configmap.yaml
#     from: "UNIVERSE_SYMBOLS: SPY,DBC,EFA"
#     to: "UNIVERSE_SYMBOLS: SPY,DBC,EFA,VNQ"
package writ.derived_values

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

# Level: what this change breaks is denied; what was already wrong stands.
deny contains entry.finding if {
	some entry in wrong
	not entry.was_wrong
}

standing contains entry.finding if {
	some entry in wrong
	entry.was_wrong
}

# A configuration's digest, an annotation of the pod that reads it.

annotation := "torghut.proompteng.ai/alloy-config-sha256"

digests(field) := {[subject.name, value] |
	some subject in input.objects
	some side in subject[field]
	some pod in objects.pods(side)
	value := pod.value.metadata.annotations[annotation]
}

configurations(field) := {crypto.sha256(text) |
	some subject in input.objects
	subject.kind == "ConfigMap"
	text := subject[field][_].value.data["config.river"]
	is_string(text)
}

stale(field) := {name |
	some [name, digest] in digests(field)
	count(configurations(field)) > 0
	not digest in configurations(field)
}

wrong contains entry if {
	is_in_question
	some name in stale("head")
	some subject in input.objects
	subject.name == name
	some side in subject.head
	some pod in objects.pods(side)
	pod.value.metadata.annotations[annotation]
	pointer := sprintf("%s/metadata/annotations/%s", [pod.pointer, replace(annotation, "/", "~1")])
	message := sprintf("the digest on %s does not match its configuration: it would not restart", [objects.title(subject)])
	remedy := sprintf("set `%s` to the SHA-256 of `config.river`", [annotation])
	entry := {
		"was_wrong": name in stale("base"),
		"finding": objects.finding("config_digest", message, side.path, pointer, remedy),
	}
}

# Checked only if the change touches a configuration or a workload that reads it.
is_in_question if objects.touched[_].head[_].value.data["config.river"]

is_in_question if objects.touched[_].head[_].value.spec.template.metadata.annotations[annotation]

# Hashes of lists: `UNIVERSE_SYMBOLS` and `UNIVERSE_SYMBOL_HASH`.

wrong contains entry if {
	some subject in objects.touched
	some side in subject.head
	some name, _ in side.settings
	endswith(name, "_SYMBOL_HASH")
	is_stale_hash([side], name)
	message := sprintf("`%s` of %s is not the hash of `%s`", [name, objects.title(subject), list_of(name)])
	remedy := "set it to the SHA-256 of the sorted symbols, joined by commas"
	entry := {
		"was_wrong": is_stale_hash(subject.base, name),
		"finding": objects.finding("symbol_hash", message, side.path, settings.pointer(subject, name), remedy),
	}
}

list_of(name) := concat("", [trim_suffix(name, "_SYMBOL_HASH"), "_SYMBOLS"])

default is_stale_hash(_, _) := false

is_stale_hash(sides, name) if {
	some symbols in settings.literals(sides, list_of(name))
	some hash in settings.literals(sides, name)
	crypto.sha256(concat(",", sort([trim_space(one) | some one in split(symbols, ",")]))) != hash
}

# Lists that must be equal.

symbols_of(sides, name) := {trim_space(one) |
	some text in settings.literals(sides, name)
	some one in split(text, ",")
}

default lists_differ(_) := false

lists_differ(sides) if {
	count(settings.literals(sides, "SYMBOLS")) > 0
	count(settings.literals(sides, "SYMBOLS_ALLOWLIST")) > 0
	symbols_of(sides, "SYMBOLS") != symbols_of(sides, "SYMBOLS_ALLOWLIST")
}

wrong contains entry if {
	some subject in objects.touched
	lists_differ(subject.head)
	message := sprintf("`SYMBOLS` and `SYMBOLS_ALLOWLIST` of %s would differ", [objects.title(subject)])
	remedy := "set both to the same symbols"
	entry := {
		"was_wrong": lists_differ(subject.base),
		"finding": objects.finding("symbol_lists", message, objects.path(subject), settings.pointer(subject, "SYMBOLS_ALLOWLIST"), remedy),
	}
}

# The broker refuses a connection that asks for more.
most_symbols := 12

wrong contains entry if {
	some subject in objects.touched
	count(symbols_of(subject.head, "SYMBOLS")) > most_symbols
	message := sprintf("%s would request %d symbols, but the broker allows %d", [objects.title(subject), count(symbols_of(subject.head, "SYMBOLS")), most_symbols])
	remedy := "remove symbols in the same change"
	entry := {
		"was_wrong": count(symbols_of(subject.base, "SYMBOLS")) >= count(symbols_of(subject.head, "SYMBOLS")),
		"finding": objects.finding("too_many_symbols", message, objects.path(subject), settings.pointer(subject, "SYMBOLS"), remedy),
	}
}

# The image's digest, repeated in a variable.

default digest_differs(_) := false

digest_differs(side) if {
	some digest in settings.literals([side], "TORGHUT_IMAGE_DIGEST")
	ours := {split(found.image, "@")[1] |
		some found in side.images
		startswith(objects.image_name(found.image), "torghut")
		contains(found.image, "@")
	}
	count(ours) > 0
	not digest in ours
}

wrong contains entry if {
	some subject in objects.touched
	some side in subject.head
	digest_differs(side)
	message := sprintf("`TORGHUT_IMAGE_DIGEST` of %s is not the digest of its image", [objects.title(subject)])
	remedy := "set both to the same digest"
	entry := {
		"was_wrong": {digest_differs(before) | some before in subject.base} == {true},
		"finding": objects.finding("image_digest", message, side.path, settings.pointer(subject, "TORGHUT_IMAGE_DIGEST"), remedy),
	}
}

# A Flink job and the ConfigMap that it reads.

reads(side) := {reference |
	some container in objects.containers(side)
	some entry in objects.list(container.envFrom)
	reference := entry.configMapRef.name
} | {reference |
	some container in objects.containers(side)
	some variable in objects.list(container.env)
	reference := variable.valueFrom.configMapKeyRef.name
}

config_maps(field, name) := [side |
	some subject in input.objects
	subject.kind == "ConfigMap"
	subject.name == name
	some side in subject[field]
]

default parallelism_differs(_, _) := false

parallelism_differs(field, side) if {
	some name in reads(side)
	some setting in ["TA_PARALLELISM", "ARCHIVE_PARALLELISM"]
	some value in settings.literals(config_maps(field, name), setting)
	value != sprintf("%v", [side.value.spec.job.parallelism])
}

wrong contains entry if {
	some subject in input.objects
	subject.kind == "FlinkDeployment"
	some side in subject.head
	is_related_touched(subject, side)
	parallelism_differs("head", side)
	message := sprintf("the parallelism of %s differs from its settings", [objects.title(subject)])
	remedy := "set `spec.job.parallelism` and the ConfigMap entry to the same number"
	entry := {
		"was_wrong": {parallelism_differs("base", before) | some before in subject.base} == {true},
		"finding": objects.finding("parallelism", message, side.path, "/spec/job/parallelism", remedy),
	}
}

is_related_touched(subject, _) if subject.touched

is_related_touched(_, side) if {
	some other in objects.touched
	other.kind == "ConfigMap"
	other.name in reads(side)
}

# Variables from a ConfigMap are read once, at startup.

warn contains objects.finding("not_restarted", message, objects.path(map), "/data", remedy) if {
	some map in objects.touched
	map.kind == "ConfigMap"
	count(map.differing) > 0
	some [reader, names] in readers
	map.name in names
	reader.namespace == map.namespace
	not is_restarted(reader)
	message := sprintf("%s changes, but %s reads it only at startup and nothing restarts it", [objects.title(map), objects.title(reader)])
	remedy := "restart the workload in the same change, with its `restartNonce` or its `restartedAt` annotation"
}

# Objects of the base that read ConfigMaps, with the names of those; found once, however many of them change.
readers := [[reader, names] |
	some reader in input.objects
	count(reader.base) > 0
	some side in reader.head
	names := reads(side)
	count(names) > 0
]

# The pod template changed, or the nonce, which is all else that Flink's operator watches.
is_restarted(reader) if {
	reader.touched
	{pod.value | some pod in objects.pods(reader.head[_])} != {pod.value | some pod in objects.pods(reader.base[_])}
}

is_restarted(reader) if {
	reader.touched
	{side.value.spec.restartNonce | some side in reader.head} != {side.value.spec.restartNonce | some side in reader.base}
}

# Jobs read it at every run.
is_restarted(reader) if reader.kind in {"CronJob", "Job"}
