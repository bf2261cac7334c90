# Objects: which there are, their files, and what runs in them.
package writ.lib.objects

import rego.v1

# A finding, with the fields that conftest (`msg`) and writ expect.
finding(code, message, path, pointer, remedy) := {
	"code": code,
	"msg": message,
	"path": path,
	"pointer": pointer,
	"remedy": remedy,
}

# Objects that the change adds, removes or alters.
touched := [subject | some subject in input.objects; subject.touched]

# `Deployment torghut-ws`; without a name, the file says which.
title(subject) := sprintf("%s `%s`", [subject.kind, subject.name]) if {
	subject.name != ""
} else := sprintf("%s in `%s`", [subject.kind, path(subject)])

# The file of an object: in the head if it exists there, else in the base.
path(subject) := subject.head[0].path

path(subject) := subject.base[0].path if count(subject.head) == 0

# The pod templates of one side of an object, wherever its kind keeps them, with their pointers.
pods(side) := {{"pointer": "/spec/template", "value": side.value.spec.template} |
	is_object(side.value.spec.template)
} | {{"pointer": "/spec/jobTemplate/spec/template", "value": side.value.spec.jobTemplate.spec.template} |
	is_object(side.value.spec.jobTemplate.spec.template)
} | {{"pointer": "/spec/podTemplate", "value": side.value.spec.podTemplate} |
	is_object(side.value.spec.podTemplate)
} | {{"pointer": "", "value": side.value} |
	side.value.kind == "Pod"
}

# The containers of one side, init containers too.
containers(side) := {container |
	some pod in pods(side)
	some field in ["containers", "initContainers"]
	some container in list(pod.value.spec[field])
	is_object(container)
}

# The node if it is a list, else undefined, so that no rule fails on it.
list(node) := node if is_array(node)

# The same for a map.
map(node) := node if is_object(node)

# An image without registry, tag and digest: `torghut-ws`.
image_name(image) := name if {
	is_string(image)
	parts := split(split(image, "@")[0], "/")
	name := split(parts[count(parts) - 1], ":")[0]
}

# The risk class of the procedure that makes this change; `none` if the change was not requested from writ.
default risk := "none"

risk := input.request.risk if is_object(input.request)
