# METADATA
# title: Each variable is set once
# description: |
#   Of two variables with the same name the last one counts, but a reader sees the first. So a list sets each variable
#   once. Knative drops an empty value when it stores the object, and Argo CD then reports a difference forever.
# custom:
#   codes:
#     env_twice: A variable is set twice in one list; which of the two counts is easily misread.
#     env_empty: A variable of a Knative service has an empty value, so that Argo CD never reports it as in sync.
#   go_on: >-
#     Remove one of the two. The last one counts: remove the first, or move its value.
#   change: >-
#     There is nothing to configure.
#   example:
#     code: env_twice
#     file: exporter-deployment.yaml
#     from: "            - name: DB_PASSWORD"
#     to: "            - {name: DB_PASSWORD}\n            - name: DB_PASSWORD"
package writ.env_unique

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

# Several occurrences of one name at the same pointer, so in one list.
twice(sides, name) if {
	some side in sides
	found := [occurrence.pointer | some occurrence in side.settings[name]]
	count(found) > count({pointer | some pointer in found})
}

deny contains objects.finding("env_twice", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in objects.touched
	some name in subject.differing
	twice(subject.head, name)
	not twice(subject.base, name)
	message := sprintf("`%s` of %s would be set twice", [name, objects.title(subject)])
	remedy := "set it once, where it is already set"
}

standing contains objects.finding("env_twice", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in objects.touched
	some name, occurrences in subject.head[_].settings
	count(occurrences) > 1
	twice(subject.head, name)
	twice(subject.base, name)
	message := sprintf("`%s` of %s is already set twice", [name, objects.title(subject)])
	remedy := "remove the first; the last one counts"
}

warn contains objects.finding("env_empty", message, side.path, pointer, remedy) if {
	some subject in objects.touched
	subject.group == "serving.knative.dev"
	some side in subject.head
	some [pointer, name] in empty(side)
	not pointer in {known | some before in subject.base; some [known, _] in empty(before)}
	message := sprintf("`%s` of %s would have an empty value, which Knative drops: Argo CD would report a difference forever", [name, objects.title(subject)])
	remedy := "leave `value` out, or the whole variable"
}

empty(side) := {[pointer, variable.name] |
	some pod in objects.pods(side)
	some container in objects.list(pod.value.spec.containers)
	some variable in objects.list(container.env)
	variable.value == ""
	pointer := sprintf("%s/spec/containers[name=%v]/env[name=%v]/value", [pod.pointer, container.name, variable.name])
}
