# Watched files: what differs in them on both sides, and what is Argo CD's.
package writ.lib.watched

import rego.v1

import data.writ.lib.objects

# The GitOps path's last part: the name of its application and of its namespace.
target := parts[count(parts) - 1] if parts := split(input.gitops_path, "/")

# Objects that are not the same on both sides.
base_objects := [resource |
	some file in input.watched
	some resource in file.base.objects
]

head_objects := [resource |
	some file in input.watched
	some resource in file.head.objects
]

# What makes it the same object; what has no name is known by its file.
key(resource) := concat("\n", [resource.group, resource.kind, resource.namespace, resource.name]) if {
	resource.name != ""
} else := concat("\n", [resource.group, resource.kind, resource.path])

text(resource) := json.marshal(resource.value)

# The texts of an object before.
texts_before[identity] contains text(resource) if {
	some resource in base_objects
	identity := key(resource)
}

text_before(resource) := concat("\n", object.get(texts_before, key(resource), set()))

is_new(resource) if not texts_before[key(resource)]

# `ApplicationSet product`
title(resource) := sprintf("%s `%s`", [resource.kind, resource.name]) if resource.name != ""
else := sprintf("`%s`", [resource.path])

# A path of a source: `./a/b/` is `a/b`.
plain(path) := trim_suffix(trim_prefix(trim_space(path), "./"), "/")

# Whether a path of a source renders the GitOps path, a part of it, or, if it goes into folders, all above it.
renders(path) if {
	is_string(path)
	at_or_below(plain(path), input.gitops_path)
}

renders(path) if {
	is_string(path)
	at_or_below(input.gitops_path, plain(path))
}

renders(path) if {
	is_string(path)
	contains(path, "*")
	regex.match(`^[A-Za-z0-9_./*-]+$`, path)
	glob.match(plain(path), ["/"], input.gitops_path)
}

# Whether a text has the GitOps path, and not that of a folder whose name only begins like it.
names_target(text) if {
	some found in indexof_n(text, input.gitops_path)
	following := substring(text, found + count(input.gitops_path), 1)
	not regex.match(`[A-Za-z0-9._-]`, following)
}

at_or_below(path, folder) if path == folder

at_or_below(path, folder) if startswith(path, concat("", [folder, "/"]))

# Applications: what an Application or an element of an ApplicationSet makes Argo CD apply. `fields` are its own words.
base_applications := [application |
	some resource in base_objects
	some application in applications(resource)
]

head_applications := [application |
	some resource in head_objects
	some application in applications(resource)
]

applications(resource) := elements(resource) if {
	resource.kind == "ApplicationSet"
} else := [single(resource)] if {
	resource.kind == "Application"
} else := []

single(resource) := {
	"set": key(resource), "name": resource.name, "path": resource.path, "title": title(resource), "pointer": "/spec",
	"selected": true, "fields": object.union(spec, {"annotations": annotations}), "paths": paths_of(spec),
	"namespace": destination,
} if {
	spec := object_or_empty(object.get(resource.value, "spec", {}))
	annotations := object_or_empty(object.get(object_or_empty(object.get(resource.value, "metadata", {})), "annotations", {}))
	destination := object.get(object_or_empty(object.get(spec, "destination", {})), "namespace", "")
}

elements(set) := [element |
	generators := set.value.spec.generators
	selectors := [[above, generator.selector] | walk(generators, [above, generator]); is_object(generator); is_object(generator.selector)]
	walk(generators, [at, node])
	is_object(node)
	some list in ["elements", "directories"]
	some index, fields in objects.list(node[list])
	is_object(fields)
	paths := paths_of(fields)
	name := name_of(fields, paths)
	element := {
		"set": key(set), "name": name, "path": set.path, "title": sprintf("`%s` of %s", [name, title(set)]),
		"pointer": pointer(array.concat(at, [list, index])),
		"selected": selected(fields, at, selectors), "fields": fields, "paths": paths,
		"namespace": object.get(fields, "namespace", object.get(fields, "name", "")),
	}
]

# The pointer of a place below the generators of a set.
pointer(at) := concat("/", array.concat(["/spec/generators"], [sprintf("%v", [part]) | some part in at]))

name_of(fields, _) := fields.name if is_string(fields.name)
else := fields.appName if is_string(fields.appName)
else := paths[0] if paths := paths_of(fields)

paths_of(fields) := [path | some path in array.concat(
	[object.get(fields, "path", null), object.get(object_or_empty(object.get(fields, "source", {})), "path", null)],
	[object.get(object_or_empty(source), "path", null) | some source in list_or_empty(object.get(fields, "sources", []))],
); is_string(path)]

object_or_empty(node) := node if is_object(node)
else := {}

list_or_empty(node) := node if is_array(node)
else := []

selected(fields, at, selectors) if {
	every pair in selectors {
		not excludes(pair, fields, at)
	}
	object.get(fields, "exclude", false) != true
} else := false

excludes([above, selector], fields, at) if {
	array.slice(at, 0, count(above)) == above
	fails(selector, fields)
}

fails(selector, fields) if {
	some label, value in objects.map(selector.matchLabels)
	sprintf("%v", [fields[label]]) != sprintf("%v", [value])
}

fails(selector, fields) if {
	some expression in objects.list(selector.matchExpressions)
	fails_one(expression, expression.operator, fields)
}

fails_one(expression, "NotIn", fields) if sprintf("%v", [fields[expression.key]]) in texts(expression.values)

fails_one(expression, "In", fields) if {
	is_string(object.get(fields, expression.key, null))
	not sprintf("%v", [fields[expression.key]]) in texts(expression.values)
}

fails_one(expression, "DoesNotExist", fields) if object.get(fields, expression.key, null) != null

texts(values) := {sprintf("%v", [value]) | some value in values}

# Whether it renders the GitOps path.
renders_target(application) if {
	some path in application.paths
	renders(path)
}

# Whether it is the target's own, or says so.
is_ours(application) if renders_target(application)

is_ours(application) if {
	application.name == target
	count(application.paths) > 0
}

same(one, other) if {
	one.set == other.set
	one.name == other.name
}
