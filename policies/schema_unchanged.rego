# METADATA
# title: Files parse and values keep their types
# description: |
#   A file that no longer parses breaks every object in it, and a value of the wrong type breaks its object. Values keep
#   their types, variables stay strings, embedded JSON and YAML still parses, a procedure keeps API versions, and
#   metadata has only fields that Kubernetes knows, which catches wrong indentation.
# custom:
#   codes:
#     malformed: The file parsed before this change and no longer does.
#     unreadable: The file does not parse, neither before nor after, so nothing in it was judged.
#     malformed_text: A JSON or YAML text in a ConfigMap parsed before this change and no longer does.
#     type_changed: A value would change its type.
#     not_a_string: A variable or ConfigMap entry would not be a string.
#     unknown_field: Metadata would have a field that Kubernetes does not know, often because of wrong indentation.
#     api_version: An object would change its API version.
#   go_on: >-
#     Check the indentation and quotes of the edited lines; the message says where parsing stopped.
#   change: >-
#     `known_fields` lists the metadata fields that Kubernetes knows.
#   example:
#     code: malformed
#     file: postgres-cluster.yaml
#     from: "  instances: 2"
#     to: "\tinstances: 2"
package writ.schema_unchanged

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

remedy := "check the indentation and quotes of the edited lines"

deny contains objects.finding("malformed", message, file.path, "", remedy) if {
	some file in input.files
	file.head_problem != null
	object.get(file, "base_problem", null) == null
	message := sprintf("the file does not parse: %s", [file.head_problem])
}

# A file that never parsed may contain anything: deny procedures, warn people.
deny contains objects.finding("unreadable", message, file.path, "", remedy) if {
	objects.risk != "none"
	some file in input.files
	file.head_problem != null
	file.base_problem != null
	message := sprintf("the file does not parse: %s", [file.head_problem])
}

standing contains objects.finding("unreadable", message, file.path, "", remedy) if {
	objects.risk == "none"
	some file in input.files
	file.head_problem != null
	file.base_problem != null
	message := sprintf("the file does not parse, neither before nor after this change: %s", [file.head_problem])
}

deny contains objects.finding("malformed_text", message, side.path, sprintf("/data/%s", [key]), remedy) if {
	some subject in objects.touched
	some side in subject.head
	some key, text in side.embedded
	text.problem
	not was_malformed(subject, key)
	message := sprintf("`%s` of %s does not parse: %s", [key, objects.title(subject), text.problem])
}

was_malformed(subject, key) if subject.base[_].embedded[key].problem

deny contains objects.finding("type_changed", message, change.path, change.pointer, remedy) if {
	some change in input.changes
	change.before != null
	change.after != null
	type_name(change.before) != type_name(change.after)
	not either_form(change)
	message := sprintf("the type of the value would change from %s to %s", [type_name(change.before), type_name(change.after)])
}

# Kubernetes takes both forms in some fields: ports of probes, quantities, budgets. It is the same type there.
either_form(change) if {
	regex.match(`/(port|targetPort|maxUnavailable|minAvailable|maxSurge|cpu|memory|storage|ephemeral-storage|sizeLimit|divisor)$`, change.pointer)
	every value in [change.before, change.after] {
		is_scalar(value)
	}
}

is_scalar(value) if is_number(value)

is_scalar(value) if is_string(value)

# A value that becomes empty: `annotations:` whose entries lost their indentation.
deny contains objects.finding("type_changed", message, side.path, pointer, remedy) if {
	some subject in objects.touched
	some side in subject.head
	some before in subject.base
	some pointer, value in emptied(side.value, before.value)
	value == null
	message := sprintf("a value of %s would become empty", [objects.title(subject)])
}

emptied(head, base) := {pointer: value |
	some [pointer, place] in [
		["/metadata/annotations", ["metadata", "annotations"]],
		["/metadata/labels", ["metadata", "labels"]],
		["/spec", ["spec"]],
		["/data", ["data"]],
		["/spec/template/metadata/annotations", ["spec", "template", "metadata", "annotations"]],
		["/spec/template/metadata/labels", ["spec", "template", "metadata", "labels"]],
	]
	is_object(object.get(base, place, null))
	value := object.get(head, place, "absent")
}

deny contains objects.finding("not_a_string", message, objects.path(subject), settings.pointer(subject, name), advice) if {
	some subject in objects.touched
	some name in subject.differing
	some occurrence in settings.occurrences(subject.head, name)
	not is_string(object.get(occurrence, "value", null))
	not is_object(object.get(occurrence, "from", null))
	message := sprintf("`%s` of %s would have the type %s, not string", [name, objects.title(subject), type_name(occurrence.from)])
	advice := "quote the value"
}

# Labels and annotations are strings too; an unquoted timestamp is fine, because Kubernetes reads it as a string.
deny contains objects.finding("not_a_string", message, side.path, pointer, remedy) if {
	some subject in objects.touched
	subject.kind != ""
	some side in subject.head
	some [place, metadata] in metadatas(side)
	some field in ["labels", "annotations"]
	some key, value in objects.map(metadata[field])
	not is_string(value)
	not had_value(subject, place, field, key, value)
	pointer := sprintf("%s/%s/%s", [place, field, replace(replace(key, "~", "~0"), "/", "~1")])
	message := sprintf("`%s` in the %s of %s would have the type %s, not string", [key, field, objects.title(subject), type_name(value)])
}

# The metadata of an object and of its pods, with their pointers.
metadatas(side) := {["/metadata", side.value.metadata] |
	is_object(side.value.metadata)
} | {[sprintf("%s/metadata", [pod.pointer]), pod.value.metadata] |
	some pod in objects.pods(side)
	pod.pointer != ""
	is_object(pod.value.metadata)
}

had_value(subject, place, field, key, value) if {
	some before in subject.base
	some [known, metadata] in metadatas(before)
	known == place
	metadata[field][key] == value
}

known_fields := {
	"name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences",
	"creationTimestamp", "uid", "resourceVersion", "generation", "managedFields", "selfLink", "deletionTimestamp",
	"deletionGracePeriodSeconds",
}

deny contains objects.finding("unknown_field", message, side.path, pointer, remedy) if {
	some subject in objects.touched
	subject.kind != ""
	some side in subject.head
	some [pointer, metadata] in metadatas(side)
	some field, _ in metadata
	not field in known_fields
	not had_field(subject, pointer, field)
	message := sprintf("`%s/%s` of %s is not a field that Kubernetes knows", [pointer, field, objects.title(subject)])
}

had_field(subject, pointer, field) if {
	some before in subject.base
	some [known, metadata] in metadatas(before)
	known == pointer
	some other, _ in metadata
	other == field
}

deny contains objects.finding("api_version", message, side.path, "/apiVersion", advice) if {
	some subject in objects.touched
	some side in subject.head
	some before in subject.base
	side.value.apiVersion != before.value.apiVersion
	objects.risk != "none"
	message := sprintf("the API version of %s would become `%v`", [objects.title(subject), side.value.apiVersion])
	advice := "migrate objects in a separate pull request"
}
