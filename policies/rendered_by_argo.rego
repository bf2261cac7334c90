# METADATA
# title: Argo CD applies the GitOps path as it is
# description: |
#   An Application, or an element of an ApplicationSet, says from which path, repository and revision Argo CD renders, with
#   which plugin, where to, and whether by itself. Whoever changes that changes everything below the GitOps path at once,
#   or takes effect from every pause and rollback, without touching a manifest. Judged in watched paths.
# custom:
#   codes:
#     application_source: Argo CD would render from another path, repository or revision, or with another plugin.
#     application_destination: Argo CD would apply the manifests to another cluster, namespace or project.
#     application_stopped: Argo CD would not apply the manifests by itself any more, or not at all.
#     application_changed: Something else changes about how Argo CD applies the manifests.
#     application_twice: Another application would apply the GitOps path, or a part of it, as well.
#     renderer_changed: The plugin, or a setting of Argo CD's own, changes what is rendered or compared.
#   go_on: >-
#     Leave the application as it is. What has to change about it is changed by people who know that it acts on every
#     manifest at once, with trading paused.
#   change: >-
#     `source`, `destination` and `by_itself` list the fields; every other field of the application is `application_changed`.
#     Which files are watched is `watch` in `policies/target.yaml` or in the settings.
#   example:
#     code: application_twice
#     file: /argocd/applications/copy/kustomization.yaml
#     to: "resources: [../torghut/ws]\n"
package writ.rendered_by_argo

import rego.v1

import data.writ.lib.objects
import data.writ.lib.watched

source := {
	"path", "repoURL", "repo", "repository", "targetRevision", "revision", "branch", "source", "sources", "chart", "helm",
	"kustomize", "directory", "plugin", "renderWithLovely", "name",
}

destination := {"destination", "destinationServer", "destinationName", "server", "cluster", "namespace", "project"}

by_itself := {"automation", "automated", "enabled", "syncPolicy"}

# The same application before and after.
pairs contains [before, after] if {
	some before in watched.base_applications
	some after in watched.head_applications
	watched.same(before, after)
}

# A field of ours that differs.
differing contains [before, after, field] if {
	some [before, after] in pairs
	watched.is_ours(before)
	some field in object.keys(object.union(before.fields, after.fields))
	object.get(before.fields, field, null) != object.get(after.fields, field, null)
}

remedy := "leave it as it is; people who change it do so with trading paused"

deny contains objects.finding("application_source", message, after.path, pointer, remedy) if {
	some [before, after, field] in differing
	field in source
	pointer := sprintf("%s/%s", [after.pointer, field])
	message := sprintf("%s would be rendered in another way: `%s` changes from %s to %s", [after.title, field, shown(before, field), shown(after, field)])
}

deny contains objects.finding("application_destination", message, after.path, pointer, remedy) if {
	some [before, after, field] in differing
	field in destination
	pointer := sprintf("%s/%s", [after.pointer, field])
	message := sprintf("%s would be applied elsewhere: `%s` changes from %s to %s", [after.title, field, shown(before, field), shown(after, field)])
}

deny contains objects.finding("application_stopped", message, after.path, pointer, remedy) if {
	some [before, after, field] in differing
	stops(before, after, field)
	pointer := sprintf("%s/%s", [after.pointer, field])
	message := sprintf("%s would not be applied by itself any more (`%s`), so that no pause and no rollback takes effect", [after.title, field])
}

deny contains objects.finding("application_stopped", message, after.path, after.pointer, remedy) if {
	some [before, after] in pairs
	watched.is_ours(before)
	before.selected
	not after.selected
	message := sprintf("%s would not be applied any more: the generator leaves it out", [after.title])
}

deny contains objects.finding("application_stopped", message, before.path, "", remedy) if {
	some before in watched.base_applications
	watched.is_ours(before)
	before.selected
	not has_twin(before)
	message := sprintf("%s would be gone, so that nobody applies `%s` any more", [before.title, input.gitops_path])
}

has_twin(before) if {
	some [known, _] in pairs
	known == before
}

stops(before, after, "automation") if {
	object.get(before.fields, "automation", "") == "auto"
	object.get(after.fields, "automation", "") != "auto"
}

stops(before, after, "syncPolicy") if {
	some field in ["enabled", "selfHeal", "prune"]
	runs(before.fields.syncPolicy, field)
	not runs(object.get(after.fields, "syncPolicy", {}), field)
}

stops(before, after, "automated") if {
	not is_off(before.fields.automated)
	is_off(object.get(after.fields, "automated", null))
}

stops(_, after, "annotations") if {
	after.fields.annotations["argocd.argoproj.io/skip-reconcile"] == "true"
}

is_off(value) if value in {null, false, "false"}

# `enabled` is what is assumed of `automated`; the others are not.
runs(policy, "enabled") if {
	is_object(policy.automated)
	object.get(policy.automated, "enabled", true) != false
}

runs(policy, field) if {
	field != "enabled"
	policy.automated[field] == true
}

review contains objects.finding("application_changed", message, after.path, pointer, remedy_review) if {
	some [before, after, field] in differing
	not field in source
	not field in destination
	not stops(before, after, field)
	pointer := sprintf("%s/%s", [after.pointer, field])
	message := sprintf("`%s` of %s changes, which acts on all of its manifests", [field, after.title])
}

remedy_review := "have someone approve it who knows what it does to every manifest of the application"

# Another application renders the path as well, or takes the application's name.
deny contains objects.finding("application_twice", message, after.path, after.pointer, remedy_twice) if {
	some after in watched.head_applications
	watched.renders_target(after)
	after.selected
	not rendered_before(after)
	message := sprintf("%s would apply `%s` as well, or in place of the application that does", [after.title, input.gitops_path])
}

deny contains objects.finding("application_source", message, after.path, after.pointer, remedy) if {
	some after in watched.head_applications
	watched.is_ours(after)
	not watched.renders_target(after)
	not was_ours(after)
	message := sprintf("%s would take the name of the application that applies `%s`", [after.title, input.gitops_path])
}

remedy_twice := "let one application apply the path; copy what is needed into a folder of its own"

rendered_before(after) if {
	some before in watched.base_applications
	watched.same(before, after)
	watched.renders_target(before)
}

was_ours(after) if {
	some before in watched.base_applications
	watched.same(before, after)
	watched.is_ours(before)
}

deny contains objects.finding("application_twice", message, file.path, "", remedy_twice) if {
	some file in input.watched
	some path in file.head.reaches
	not path in {known | some known in file.base.reaches}
	message := sprintf("`%s` would bring `%s` into another application", [file.path, path])
}

# A reference by its address: a remote base, a values file of another source.
deny contains objects.finding("application_twice", message, resource.path, "", remedy_twice) if {
	some resource in watched.head_objects
	resource.kind in {"", "Kustomization", "Component", "HelmRelease", "HelmChart"}
	watched.names_target(watched.text(resource))
	not watched.names_target(watched.text_before(resource))
	not has_reach(resource.path)
	message := sprintf("%s would refer to `%s`", [watched.title(resource), input.gitops_path])
}

# A set whose template has the path, whatever its elements are.
deny contains objects.finding("application_twice", message, resource.path, "/spec/template", remedy_twice) if {
	some resource in watched.head_objects
	resource.kind == "ApplicationSet"
	watched.names_target(json.marshal(in_template(resource, "spec")))
	not watched.names_target(watched.text_before(resource))
	message := sprintf("the template of %s would apply `%s`", [watched.title(resource), input.gitops_path])
}

has_reach(path) if {
	some file in input.watched
	file.path == path
	count(file.head.reaches) > 0
}

# What an ApplicationSet says of all its applications, ours among them.
sets contains [before, after] if {
	some application in watched.base_applications
	watched.is_ours(application)
	some before in watched.base_objects
	before.kind == "ApplicationSet"
	watched.key(before) == application.set
	some after in watched.head_objects
	watched.key(after) == application.set
}

templates contains [after, field, old, new] if {
	some [before, after] in sets
	old_spec := in_template(before, "spec")
	new_spec := in_template(after, "spec")
	some field in object.keys(object.union(old_spec, new_spec))
	old := object.get(old_spec, field, null)
	new := object.get(new_spec, field, null)
	old != new
}

in_template(set, field) := watched.object_or_empty(object.get(template, field, {})) if {
	spec := watched.object_or_empty(object.get(set.value, "spec", {}))
	template := watched.object_or_empty(object.get(spec, "template", {}))
}

deny contains objects.finding(code, message, after.path, pointer, remedy) if {
	some [after, field, old, new] in templates
	code := template_code(field, old, new)
	pointer := sprintf("/spec/template/spec/%s", [field])
	message := sprintf("the template of %s changes `%s` of every application, `%s` among them", [watched.title(after), field, watched.target])
}

template_code(field, _, _) := "application_source" if field in source

template_code(field, _, _) := "application_destination" if field in destination

template_code("syncPolicy", old, new) := "application_stopped" if {
	some field in ["enabled", "selfHeal", "prune"]
	runs(old, field)
	not runs(new, field)
}

review contains objects.finding("application_changed", message, after.path, pointer, remedy_review) if {
	some [after, field, old, new] in templates
	not template_code(field, old, new)
	pointer := sprintf("/spec/template/spec/%s", [field])
	message := sprintf("the template of %s changes `%s` of every application, `%s` among them", [watched.title(after), field, watched.target])
}

# The lines of a template's patch that are not on both sides.
patched contains [after, line] if {
	some [before, after] in sets
	lines := {trim_space(line) | some line in split(text_of(before.value.spec, "templatePatch"), "\n")}
	others := {trim_space(line) | some line in split(text_of(after.value.spec, "templatePatch"), "\n")}
	some line in (lines - others) | (others - lines)
	line != ""
	not startswith(line, "#")
}

text_of(spec, field) := spec[field] if is_string(spec[field])
else := ""

deny contains objects.finding(code, message, after.path, "/spec/templatePatch", remedy) if {
	some [after, line] in patched
	code := line_code(line)
	message := sprintf("the template's patch of %s changes for every application, `%s` among them: `%s`", [watched.title(after), watched.target, line])
}

line_code(line) := "application_stopped" if {
	regex.match(`automat|\b(enabled|prune|selfHeal|skip-reconcile)\b`, line)
} else := "application_source" if {
	regex.match(`\b(repoURL|path|targetRevision|sources?|plugin|lovely|Lovely|helm|kustomize|directory|chart)\b`, line)
} else := "application_destination" if {
	regex.match(`\b(destination|server|namespace|project)\b`, line)
}

review contains objects.finding("application_changed", message, after.path, "/spec/templatePatch", remedy_review) if {
	some [after, _] in patched
	count([line | some [other, line] in patched; other == after; line_code(line)]) == 0
	message := sprintf("the template's patch of %s changes for every application, `%s` among them", [watched.title(after), watched.target])
}

# Everything else of the set, its lists of elements left out.
review contains objects.finding("application_changed", message, after.path, pointer, remedy_review) if {
	some [before, after] in sets
	some field in object.keys(object.union(watched.object_or_empty(before.value.spec), watched.object_or_empty(after.value.spec)))
	not field in {"template", "templatePatch"}
	rest(before, field) != rest(after, field)
	pointer := sprintf("/spec/%s", [field])
	message := sprintf("`%s` of %s changes for every application, `%s` among them", [field, watched.title(after), watched.target])
}

# A generator without its elements, which are compared one by one.
rest(set, "generators") := {[at, node] |
	walk(set.value.spec.generators, [at, node])
	not is_object(node)
	not is_array(node)
	not in_elements(at, set)
}

rest(set, field) := object.get(set.value.spec, field, null) if field != "generators"

in_elements(at, set) if {
	some index, part in at
	part == "elements"
	watched.pointer(array.slice(at, 0, index + 2)) in element_pointers[watched.key(set)]
}

element_pointers[application.set] contains application.pointer if {
	some application in array.concat(watched.base_applications, watched.head_applications)
}

review contains objects.finding("application_changed", message, after.path, "/metadata", remedy_review) if {
	some [before, after] in sets
	in_template(before, "metadata") != in_template(after, "metadata")
	message := sprintf("the template of %s changes the metadata of every application, `%s` among them", [watched.title(after), watched.target])
}

# An application that applies the sets themselves.
review contains objects.finding("application_changed", message, after.path, after.pointer, remedy_review) if {
	some [before, after] in pairs
	not watched.is_ours(before)
	some path in array.concat(before.paths, after.paths)
	regex.match(`(^|/)applicationsets?(/|$)`, path)
	object.union(before.fields, {"annotations": {}}) != object.union(after.fields, {"annotations": {}})
	message := sprintf("%s changes, which applies ApplicationSets", [after.title])
}

# A project that says what may be applied where.
review contains objects.finding("application_changed", message, before.path, "/spec", remedy_review) if {
	some before in watched.base_objects
	before.kind == "AppProject"
	speaks_of_target(before)
	message := sprintf("%s changes, which says what applications may apply to the namespace `%s`", [watched.title(before), watched.target])
}

speaks_of_target(project) if project.name == "default"

speaks_of_target(project) if {
	some place in objects.list(project.value.spec.destinations)
	place.namespace in {watched.target, "*"}
}

# The plugin and Argo CD's own settings: each thing that they say of rendering and comparing.
rendering[identity] contains said if {
	some resource in watched.base_objects
	identity := sprintf("base\n%s", [watched.key(resource)])
	some said in renderer(resource)
}

rendering[identity] contains said if {
	some resource in watched.head_objects
	identity := sprintf("head\n%s", [watched.key(resource)])
	some said in renderer(resource)
}

renderer(resource) := {json.marshal(node) |
	resource.kind != "ApplicationSet"
	resource.kind != "Application"
	walk(resource.value, [_, node])
	is_object(node)
	speaks_of_lovely(node)
} | {sprintf("%s: %v", [name, value]) |
	resource.kind == "ConfigMap"
	resource.name in {"argocd-cm", "argocd-cmd-params-cm"}
	some name, value in objects.map(resource.value.data)
	regex.match(`^(resource\.|configManagementPlugins|kustomize|helm|application\.|reposerver\.)`, name)
} | {json.marshal(resource.value.spec) |
	resource.kind == "ConfigManagementPlugin"
}

speaks_of_lovely(node) if {
	is_string(node.name)
	startswith(node.name, "LOVELY_")
}

speaks_of_lovely(node) if {
	is_string(node.image)
	contains(node.image, "lovely")
}

review contains objects.finding("renderer_changed", message, resource.path, "", remedy_review) if {
	some resource in array.concat(watched.base_objects, watched.head_objects)
	before := said_by("base", resource)
	after := said_by("head", resource)
	before != after
	message := sprintf("%s changes how Argo CD renders or compares what it applies", [watched.title(resource)])
}

said_by(side, resource) := object.get(rendering, sprintf("%s\n%s", [side, watched.key(resource)]), set())

shown(application, field) := sprintf("`%s`", [value]) if {
	value := application.fields[field]
	is_string(value)
} else := "nothing" if {
	object.get(application.fields, field, null) == null
} else := "another value"
