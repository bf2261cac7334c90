# Looking at objects: which there are, where they stand, what runs in them.
package writ.lib.objects

import rego.v1

# A finding, as conftest wants it (`msg`) and as writ shows it.
finding(code, message, path, pointer, remedy) := {
	"code": code,
	"msg": message,
	"path": path,
	"pointer": pointer,
	"remedy": remedy,
}

# Objects that the change adds, removes or alters.
touched := [subject | some subject in input.objects; subject.touched]

# `Deployment torghut-ws`
title(subject) := sprintf("%s `%s`", [subject.kind, subject.name])

# The file of an object: in the head where it is there, else in the base.
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

# A node where a list is expected: undefined where it is anything else, so that no rule fails on it.
list(node) := node if is_array(node)

# The same where a map is expected.
map(node) := node if is_object(node)

# An image without registry, tag and digest: `torghut-ws`.
image_name(image) := name if {
	is_string(image)
	parts := split(split(image, "@")[0], "/")
	name := split(parts[count(parts) - 1], ":")[0]
}

# Whether writ was asked for this change, and by a procedure of which risk; `none` where any change is judged.
default risk := "none"

risk := input.request.risk if is_object(input.request)
