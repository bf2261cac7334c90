# METADATA
# title: Nothing scales a singleton, nothing skips a sync
# description: |
#   The scheduler, the forwarder and the trading service's API run once. No other object may scale them, and no job may
#   patch them. Argo CD applies every guarded object with every sync: an annotation that makes it a hook, keeps it from
#   being removed or replaces it takes that away, and a pause with it.
# custom:
#   codes:
#     singleton_scaled: An object would scale a workload that may run only once.
#     scale_annotation: A Knative service would be scaled by the other spelling of an annotation.
#     sync_skipped: Argo CD would no longer apply an object as it does now.
#     patches_others: A job would patch, scale or delete objects of the cluster.
#   go_on: >-
#     Leave the number of replicas in the object itself, and Argo CD's annotations off guarded objects.
#   change: >-
#     `singletons` lists what runs once, `scalers` the fields in which other objects name their target, `skipping` the
#     annotations.
#   example:
#     code: sync_skipped
#     file: scheduler-deployment.yaml
#     from: "  name: torghut-scheduler\n"
#     to: "  name: torghut-scheduler\n  annotations:\n    argocd.argoproj.io/hook: Skip\n"
package writ.scaled_or_skipped

import rego.v1

import data.writ.lib.objects
import data.writ.lib.workloads

singletons := {"torghut-scheduler", "torghut-ws", "torghut", "torghut-sim", "torghut-ta", "torghut-ta-sim"}

scalers := [["spec", "scaleTargetRef"], ["spec", "targetRef"], ["spec", "scaleTarget"], ["spec", "workloadRef"]]

deny contains objects.finding("singleton_scaled", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	some side in subject.head
	some place in scalers
	target := object.get(side.value, place, {})
	target.name in singletons
	not target in {object.get(before.value, place, {}) | some before in subject.base}
	message := sprintf("%s would scale `%s`, which may run only once", [objects.title(subject), target.name])
	remedy := "scale nothing that writes orders or holds the broker's connection; set `replicas` in the object itself"
}

# Whatever names a singleton elsewhere, in a list or under a field of its own.
deny contains objects.finding("singleton_scaled", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	scales(subject)
	some side in subject.head
	some target in named(side) - {known | some before in subject.base; some known in named(before)}
	not target in {object.get(side.value, place, {}) | some place in scalers}
	message := sprintf("%s would scale `%s`, which may run only once", [objects.title(subject), target.name])
	remedy := "scale nothing that writes orders or holds the broker's connection; set `replicas` in the object itself"
}

scales(subject) if regex.match(`[Ss]cale|Autoscal`, subject.kind)

named(side) := {target |
	walk(side.value, [_, target])
	is_object(target)
	target.kind in {"Deployment", "StatefulSet", "Service", "FlinkDeployment", "Rollout"}
	target.name in singletons
}

# Knative reads two spellings, and the one with dashes first.
spellings := {"autoscaling.knative.dev/maxScale", "autoscaling.knative.dev/max-scale"}

annotations(side) := object.get(side.value, ["spec", "template", "metadata", "annotations"], {})

deny contains objects.finding("scale_annotation", message, side.path, "/spec/template/metadata/annotations", remedy) if {
	some subject in objects.touched
	subject.group == "serving.knative.dev"
	some side in subject.head
	workloads.serves(side)
	some name, value in objects.map(annotations(side))
	contains(name, "/max-scale")
	value != "1"
	not value in {object.get(annotations(before), name, null) | some before in subject.base}
	message := sprintf("%s could run more than once: `%s` would be `%v`", [objects.title(subject), name, value])
	remedy := "keep one annotation, `autoscaling.knative.dev/maxScale: \"1\"`"
}

# Annotations with which Argo CD does not apply an object, or does it otherwise.
skips(name, value) if {
	name in {"argocd.argoproj.io/hook", "helm.sh/hook", "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/ignore-resource-updates"}
	is_string(value)
}

skips("argocd.argoproj.io/sync-options", value) if regex.match(`(^|[ ,])(Prune=|Delete=|Replace=true|Force=true|Skip|ServerSideApply=|Validate=false|ApplyOutOfSyncOnly=true|FailOnSharedResource|RespectIgnoreDifferences)`, value)

skips("argocd.argoproj.io/compare-options", value) if contains(value, "Ignore")

skipping(side) := {[name, value] |
	some name, value in objects.map(side.value.metadata.annotations)
	skips(name, value)
}

newly_skipped contains [subject, side, name] if {
	some subject in objects.touched
	count(subject.base) > 0
	some side in subject.head
	some [name, _] in skipping(side) - {known | some before in subject.base; some known in skipping(before)}
}

deny contains objects.finding("sync_skipped", message, side.path, pointer, remedy) if {
	some [subject, side, name] in newly_skipped
	is_denied(subject, name)
	pointer := sprintf("/metadata/annotations/%s", [replace(name, "/", "~1")])
	message := sprintf("Argo CD would no longer apply %s as it does now: `%s`", [objects.title(subject), name])
	remedy := "leave the annotation out: a pause would not be applied either"
}

review contains objects.finding("sync_skipped", message, side.path, pointer, remedy) if {
	some [subject, side, name] in newly_skipped
	not is_denied(subject, name)
	not is_hook_of_job(subject, side, name)
	pointer := sprintf("/metadata/annotations/%s", [replace(name, "/", "~1")])
	message := sprintf("Argo CD would no longer apply %s as it does now: `%s`", [objects.title(subject), name])
	remedy := "have a human decide"
}

# Jobs run as hooks; one that is skipped does not run.
is_hook_of_job(subject, side, name) if {
	subject.kind in {"Job", "Workflow", "Pod"}
	contains(name, "/hook")
	not contains(side.value.metadata.annotations[name], "Skip")
}

# How a guarded object is applied may change for a while, to replace what is stuck; whether it is applied may not.
is_denied(subject, name) if {
	workloads.is_guarded(subject)
	name != "argocd.argoproj.io/sync-options"
}

# Jobs that change what others declare.
review contains objects.finding("patches_others", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	subject.kind in {"Job", "CronJob", "Pod", "Workflow", "CronWorkflow"}
	some side in subject.head
	some container in workloads.containers(side)
	line := workloads.command(container)
	changes_cluster(line)
	not line in {workloads.command(known) | some before in subject.base; some known in workloads.containers(before)}
	message := sprintf("%s would change objects of the cluster by itself", [objects.title(subject)])
	remedy := "have a human read what it changes: Argo CD does not know of it"
}

changes_cluster(line) if {
	regex.match(`kubectl[^;|&]* (patch|scale|delete|apply|replace|edit|set|rollout|annotate|label|create|autoscale|exec)([ "\n]|$)`, line)
}

changes_cluster(line) if {
	regex.match(`/apis?/[a-z0-9./]*v[0-9][a-z0-9]*/|kubernetes\.default|KUBERNETES_SERVICE_HOST`, line)
	regex.match(`PATCH|PUT|POST|DELETE|/scale|-d |--data`, line)
}

# Templates of workflows that change an object themselves.
review contains objects.finding("patches_others", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	subject.kind in {"Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate"}
	some side in subject.head
	some action in actions(side) - {known | some before in subject.base; some known in actions(before)}
	message := sprintf("%s would change objects of the cluster by itself", [objects.title(subject)])
	remedy := "have a human read what it changes: Argo CD does not know of it"
	action != ""
}

actions(side) := {json.marshal(node.resource) |
	walk(side.value, [_, node])
	is_object(node)
	node.resource.action in {"create", "patch", "apply", "replace", "delete"}
}

# What changes objects of others when they are applied.
review contains objects.finding("patches_others", message, side.path, "", remedy) if {
	some subject in objects.touched
	is_admission(subject)
	some side in subject.head
	not side.value in {before.value | some before in subject.base}
	message := sprintf("%s would change or refuse objects of others as they are applied", [objects.title(subject)])
	remedy := "have a human read which ones: what Argo CD applies would no longer be what is judged here"
}

is_admission(subject) if {
	subject.kind in {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"}
}

is_admission(subject) if regex.match(`^(kyverno\.io|mutations\.gatekeeper\.sh|policies\.kyverno\.io)$`, subject.group)
