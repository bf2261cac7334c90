# METADATA
# title: Judged as applied
# description: |
#   Rules judge objects as Argo CD applies them: after patches, replicas, images, components and generators. Whatever
#   cannot be computed is denied if the change introduces it: a kustomization that no longer builds, a new Helm chart or
#   remote base, something that may alter any object. What was there before is listed as such and decides nothing.
# custom:
#   codes:
#     build_broken: The kustomization would no longer build; Argo CD would apply nothing at all.
#     budget_exceeded: Judging the change would take more work or memory than writ spends on one, so it is not judged.
#     standing_broken: The kustomization does not build, neither before nor after this change.
#     effective_unknown: Objects would depend on something that writ cannot compute, such as a chart or a remote base.
#     standing_unknown: The inputs change of something that writ already could not compute.
#     not_applied: No kustomization lists the file, so Argo CD does not apply it.
#   go_on: >-
#     Run `kubectl kustomize` on the folder. Render what cannot be computed here (charts, remote bases) and list the
#     result as plain manifests.
#   change: >-
#     What writ understands of kustomize is code, in `src/domain/kustomize`. This policy only decides what to do about
#     the rest.
#   example:
#     code: build_broken
#     file: kustomization.yaml
#     from: "  - postgres-cluster.yaml"
#     to: "  - postgres.yaml"
package writ.effective_manifests

import rego.v1

import data.writ.lib.objects

# Another rule reports files that do not parse.
is_readable(problem) if {
	every file in input.files {
		not is_unreadable(file, problem.path)
	}
}

is_unreadable(file, path) if {
	file.path == path
	file.head_problem != null
}

deny contains objects.finding("build_broken", message, build.head_problem.path, "", remedy) if {
	some build in input.builds
	build.head_problem != null
	build.head_problem != build.base_problem
	not is_over_budget(build.head_problem)
	is_readable(build.head_problem)
	message := sprintf("the kustomization of `%s` does not build: %s", [build.folder, build.head_problem.message])
	remedy := "fix it and check with `kubectl kustomize` that it builds"
}

# What is not known to the end is never a reason to say yes, whatever stood there before.
is_over_budget(problem) if problem.budget != null

deny contains over_budget(build) if {
	some build in input.builds
	is_over_budget(build.head_problem)
	not goes_on(build)
}

warn contains over_budget(build) if {
	some build in input.builds
	is_over_budget(build.head_problem)
	not build.unchanged
	goes_on(build)
}

standing contains over_budget(build) if {
	some build in input.builds
	is_over_budget(build.head_problem)
	build.unchanged
}

goes_on(build) if build.unchanged

# A tree that was over its budget before must not keep anybody from making things safer.
goes_on(build) if {
	objects.risk == "containment"
	is_over_budget(build.base_problem)
}

over_budget(build) := objects.finding("budget_exceeded", message, build.head_problem.path, "", remedy) if {
	message := sprintf("the manifests of `%s` are not judged to the end: %s", [build.folder, build.head_problem.message])
	remedy := "make what is generated, patched or included smaller, or split the change; `docs/policies.md` names the budgets"
}

standing contains objects.finding("standing_broken", message, build.head_problem.path, "", remedy) if {
	some build in input.builds
	build.head_problem != null
	not is_over_budget(build.head_problem)
	build.head_problem == build.base_problem
	message := sprintf("the kustomization of `%s` already did not build before: %s", [build.folder, build.head_problem.message])
	remedy := "fix it: until then Argo CD applies nothing, and the files are judged as they are"
}

unknown_remedy := "render it to plain manifests and list those, so that they can be judged"

# Something new, or something that may alter objects and changed.
deny contains objects.finding("effective_unknown", message, unknown.path, "", unknown_remedy) if {
	some unknown in input.unknown
	is_new(unknown)
	message := sprintf("the result of %s cannot be computed: it %s", [unknown.what, reach[unknown.reach]])
}

is_new(unknown) if {
	unknown.head
	not unknown.base
}

is_new(unknown) if {
	unknown.head
	unknown.changed
	unknown.reach == "alters"
}

reach := {"adds": "may add any object", "alters": "may change any object of its kustomization"}

# An object changes that something uncomputable may also alter. A containment is only warned.
uncertain contains subject if {
	some subject in objects.touched
	some side in subject.head
	side.uncertain
	count([unknown | some unknown in input.unknown; is_new(unknown)]) == 0
}

deny contains objects.finding("effective_unknown", uncertain_message(subject), objects.path(subject), "", unknown_remedy) if {
	objects.risk != "containment"
	some subject in uncertain
}

warn contains objects.finding("effective_unknown", uncertain_message(subject), objects.path(subject), "", unknown_remedy) if {
	objects.risk == "containment"
	some subject in uncertain
}

uncertain_message(subject) := sprintf("%s changes, and its kustomization contains something that may alter it in a way that cannot be computed", [objects.title(subject)])

# The same chart as before with a different version or different values.
warn contains objects.finding("standing_unknown", message, unknown.path, "", remedy) if {
	some unknown in input.unknown
	unknown.head
	unknown.base
	unknown.changed
	unknown.reach == "adds"
	message := sprintf("the result of %s cannot be computed, and its inputs change", [unknown.what])
	remedy := "render it before and after, and review the difference"
}

# Edits to files that no kustomization lists.
deny contains objects.finding("not_applied", unapplied_message(side), side.path, "", unapplied_remedy) if {
	objects.risk != "none"
	some side in unapplied
}

warn contains objects.finding("not_applied", unapplied_message(side), side.path, "", unapplied_remedy) if {
	objects.risk == "none"
	some side in unapplied
}

unapplied contains side if {
	some subject in objects.touched
	not subject.applied
	subject.kind != ""
	some side in subject.head
}

unapplied_message(side) := sprintf("no kustomization lists `%s`, so Argo CD does not apply it", [side.path])

unapplied_remedy := "list it under `resources`, or remove it"
