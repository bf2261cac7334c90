# METADATA
# title: Nobody else trades
# description: |
#   A second forwarder or scheduler is as dangerous in another application as it is below the GitOps path, and so is
#   whatever takes the broker's credentials, applies the same objects, or scales and edits the workloads from outside.
#   Judged in watched paths; what other applications do for themselves is their own affair.
# custom:
#   codes:
#     trading_elsewhere: Another application would run the forwarder, the scheduler or the trading image.
#     credentials_elsewhere: Another application would take the broker's credentials.
#     object_elsewhere: Another application would apply an object that the GitOps path applies.
#     acts_from_elsewhere: Another application would scale, patch or delete the workloads.
#     namespace_shared: Another application would deploy into the namespace, or grant or limit something there.
#     flag_elsewhere: A feature flag of the service would change to what is riskier.
#     watched_unread: A watched file cannot be judged to the end.
#   irreversible: [namespace_shared]
#   go_on: >-
#     Run it below the GitOps path, where it is judged as a whole, or with an image and credentials of its own.
#   change: >-
#     Images, credentials and guarded objects are those of `policies/lib/workloads.rego`. Which files are watched is `watch`
#     in `policies/target.yaml` or in the settings.
#   example:
#     code: trading_elsewhere
#     file: /argocd/applications/relay/deployment.yaml
#     to: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: relay}\nspec: {template: {spec: {containers: [{name: a, image: registry/lab/torghut-ws:1}]}}}\n"
package writ.trading_elsewhere

import rego.v1

import data.writ.lib.objects
import data.writ.lib.table
import data.writ.lib.watched
import data.writ.lib.workloads

remedy := "run it below the GitOps path, where it is judged as a whole, or with an image and credentials of its own"

# What an object does that reaches into trading.
traits(resource) := {trait | some trait in all_traits(resource)}

all_traits(resource) := {"forwarder" | runs(resource, workloads.forwarder_image)} |
	{"trading" | runs(resource, workloads.trading_image)} |
	{"scheduler" | runs_scheduler(resource)} |
	{"stream" | streams_orders(resource)} |
	{"credentials" | takes_credentials(watched.text(resource))} |
	{"scales" | scales(resource)} |
	{"acts" | acts(resource)} |
	{"namespace" | in_namespace(resource)}

traits_before[identity] contains trait if {
	some resource in watched.base_objects
	identity := watched.key(resource)
	some trait in traits(resource)
}

# What an object does that it did not do before.
new contains [resource, trait] if {
	some resource in watched.head_objects
	some trait in traits(resource)
	not trait in before_of(resource)
}

before_of(resource) := object.get(traits_before, watched.key(resource), set())

# Objects whose images are fields, and those of which only texts are known: values of charts, kustomizations.
runs(resource, name) if {
	some found in resource.images
	objects.image_name(found.image) == name
}

runs(resource, name) if {
	some found in resource.images
	parts := split(found.image, "@")
	count(parts) == 2
	parts[1] in digests[name]
}

runs(resource, name) if {
	resource.kind in {"", "Kustomization", "Component", "Application", "ApplicationSet", "HelmRelease", "HelmChart"}
	names_image(replace(watched.text(resource), input.gitops_path, ""), name)
}

# `image: registry/lab/torghut-ws@sha256:…`, in any quotes.
names_image(text, name) if {
	pattern := sprintf(`(image|imageName|repository|newName)\\?["']?\s*[:=]\s*\\?["']?([^\s"'/\\]+/)*%s(@|:|\\|"|'|\s|$)`, [name])
	regex.match(pattern, text)
}

names_image(text, name) if {
	pattern := sprintf(`name\\?["']?\s*[:=]\s*\\?["']?([^\s"'/\\]+/)+%s(@|:|\\|"|'|\s|$)`, [name])
	regex.match(pattern, text)
}

# The digests by which the images run below the GitOps path.
digests[name] contains digest if {
	some subject in input.objects
	some side in array.concat(subject.base, subject.head)
	some found in side.images
	name := objects.image_name(found.image)
	name in {workloads.forwarder_image, workloads.trading_image}
	digest := split(found.image, "@")[1]
}

runs_scheduler(resource) if workloads.runs_scheduler(resource)

runs_scheduler(resource) if {
	some occurrence in resource.settings.TORGHUT_PROCESS_ROLE
	lower(trim_space(occurrence.value)) == "scheduler"
}

# The forwarder of options reads quotes of options alone. One of stocks, or of orders, is a second one.
streams_orders(resource) if {
	some occurrence in resource.settings.ENABLE_TRADE_UPDATES
	lower(trim_space(occurrence.value)) in {"1", "true", "yes", "on"}
}

streams_orders(resource) if {
	some occurrence in resource.settings.ALPACA_TRADE_STREAM_URL
	occurrence.value != ""
}

streams_orders(resource) if {
	resource.namespace == watched.target
	some occurrence in resource.settings.ALPACA_MARKET_TYPE
	lower(trim_space(occurrence.value)) != "options"
}

takes_credentials(text) if {
	some secret in workloads.broker_secrets
	regex.match(sprintf(`(^|[^A-Za-z0-9.-])%s($|[^A-Za-z0-9.-])`, [secret]), text)
}

guarded_names := {name | some [kind, name] in workloads.guarded; kind in {"Deployment", "Service", "FlinkDeployment"}}

scales(resource) if {
	resource.namespace in {"", watched.target}
	some field in ["scaleTargetRef", "targetRef", "workloadRef"]
	resource.value.spec[field].name in guarded_names
}

# Commands, scripts and admission policies that change the workloads past git: what acts, how, and on what.
acts(resource) if {
	text := watched.text(resource)
	is_actor(resource, text)
	regex.match(`(scale|patch|delete|replace|apply|edit|set|restart|mutate|terminate)`, text)
	is_about_us(text)
}

is_about_us(text) if watched.names_target(text)

is_about_us(text) if {
	some name in guarded_names - {watched.target}
	regex.match(sprintf(`(^|[^A-Za-z0-9-])%s($|[^A-Za-z0-9-])`, [name]), text)
}

is_actor(_, text) if regex.match(`(^|[^A-Za-z0-9-])(kubectl|argocd app|apis/apps/v1)`, text)

is_actor(resource, _) if {
	resource.kind in {"ClusterPolicy", "Policy", "MutatingAdmissionPolicy", "MutatingWebhookConfiguration", "Sensor"}
}

kinds_of_namespace := {
	"NetworkPolicy", "CiliumNetworkPolicy", "ResourceQuota", "LimitRange", "RoleBinding", "Role", "PriorityClass",
	"PodDisruptionBudget", "HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler",
}

# Workloads in the namespace, and what grants or limits something there.
in_namespace(resource) if {
	resource.namespace == watched.target
	count(workloads.containers(resource)) > 0
}

in_namespace(resource) if {
	resource.namespace == watched.target
	resource.kind in kinds_of_namespace
}

in_namespace(resource) if {
	resource.kind == "Namespace"
	resource.name == watched.target
}

in_namespace(resource) if {
	resource.kind == "ApplicationSet"
	resource.value.spec.template.spec.destination.namespace == watched.target
}

in_namespace(resource) if {
	resource.kind in {"Kustomization", "Component", ""}
	resource.value.namespace == watched.target
	is_array(resource.value.resources)
}

in_namespace(resource) if {
	resource.kind in {"RoleBinding", "ClusterRoleBinding"}
	some subject in objects.list(resource.value.subjects)
	subject.namespace == watched.target
	resource.namespace != watched.target
}

words := {
	"forwarder": "would run the forwarder's image, so that there are two connections to the broker",
	"scheduler": "would run the scheduler, so that orders are written twice",
	"trading": "would run the image of the trading service",
	"stream": "would stream orders, or quotes of the market that the forwarder streams",
}

deny contains objects.finding("trading_elsewhere", message, resource.path, "", remedy) if {
	some [resource, trait] in new
	trait in {"forwarder", "scheduler", "stream"}
	message := sprintf("%s %s", [watched.title(resource), words[trait]])
}

deny contains objects.finding("trading_elsewhere", message, resource.path, "", remedy) if {
	some [resource, "trading"] in new
	not ends(resource)
	message := sprintf("%s %s", [watched.title(resource), words.trading])
}

review contains objects.finding("trading_elsewhere", message, resource.path, "", remedy) if {
	some [resource, "trading"] in new
	ends(resource)
	message := sprintf("%s %s", [watched.title(resource), words.trading])
}

# It runs to its end: a migration, a report.
ends(resource) if resource.kind in {"Job", "CronJob", "Workflow", "WorkflowTemplate", "CronWorkflow"}

deny contains objects.finding("credentials_elsewhere", message, resource.path, "", remedy) if {
	some [resource, "credentials"] in new
	message := sprintf("%s would take the broker's credentials", [watched.title(resource)])
}

deny contains objects.finding("acts_from_elsewhere", message, resource.path, "", remedy_acts) if {
	some [resource, "scales"] in new
	message := sprintf("%s would scale a workload of which there may be one", [watched.title(resource)])
}

review contains objects.finding("acts_from_elsewhere", message, resource.path, "", remedy_acts) if {
	some [resource, "acts"] in new
	message := sprintf("%s would change workloads of `%s` past git", [watched.title(resource), input.gitops_path])
}

remedy_acts := "change what runs by the manifests below the GitOps path alone"

review contains objects.finding("namespace_shared", message, resource.path, "", remedy_shared) if {
	some [resource, "namespace"] in new
	message := sprintf("%s would act in the namespace `%s`", [watched.title(resource), watched.target])
}

remedy_shared := "have someone approve it who knows what shares the namespace, or use another one"

# What grants or limits something is never an ordinary change.
review contains objects.finding("namespace_shared", message, resource.path, "", remedy_shared) if {
	some resource in watched.head_objects
	not watched.is_new(resource)
	in_namespace(resource)
	resource.kind in (kinds_of_namespace | {"Namespace", "ClusterRoleBinding"}) - {"PodDisruptionBudget"}
	message := sprintf("%s changes, which acts in the namespace `%s`", [watched.title(resource), watched.target])
}

# Applications that deploy into the namespace from now on, or from elsewhere.
review contains objects.finding("namespace_shared", message, after.path, after.pointer, remedy_shared) if {
	some after in watched.head_applications
	deploys_here(after)
	not watched.is_ours(after)
	not deployed_before(after)
	message := sprintf("%s would deploy into the namespace `%s`", [after.title, watched.target])
}

review contains objects.finding("namespace_shared", message, after.path, after.pointer, remedy_shared) if {
	some before in watched.base_applications
	deploys_here(before)
	not watched.is_ours(before)
	some after in watched.head_applications
	watched.same(before, after)
	some field in ["path", "repoURL", "targetRevision", "revision", "source", "sources", "plugin", "renderWithLovely"]
	object.get(before.fields, field, null) != object.get(after.fields, field, null)
	message := sprintf("%s would deploy something else into the namespace `%s`: `%s` changes", [after.title, watched.target, field])
}

deploys_here(application) if {
	application.namespace == watched.target
	application.selected
}

deployed_before(after) if {
	some before in watched.base_applications
	watched.same(before, after)
	deploys_here(before)
}

# An object that both would apply: the last one wins, again and again.
deny contains objects.finding("object_elsewhere", message, resource.path, "", remedy_object) if {
	some resource in watched.head_objects
	resource.namespace in {watched.target, ""}
	resource.name != ""
	watched.is_new(resource)
	some subject in input.objects
	subject.applied
	count(subject.head) > 0
	subject.kind == resource.kind
	subject.name == resource.name
	subject.group == resource.group
	subject.namespace == watched.target
	is_placed(resource)
	message := sprintf("%s would be applied by another application, too", [watched.title(resource)])
}

is_placed(resource) if resource.namespace == watched.target

# Without a namespace of its own, it goes where its kustomization says.
is_placed(resource) if {
	resource.namespace == ""
	folder := concat("/", array.slice(split(resource.path, "/"), 0, count(split(resource.path, "/")) - 1))
	some kustomization in watched.head_objects
	startswith(kustomization.path, folder)
	kustomization.value.namespace == watched.target
}

remedy_object := "leave the object to the application that applies it"

# Flags of the service that the feature flag server hands out: `torghut_trading_enabled` is `TRADING_ENABLED`.
review contains objects.finding("flag_elsewhere", message, resource.path, pointer, remedy_flag) if {
	some resource in watched.head_objects
	some flag in objects.list(resource.value.flags)
	is_string(flag.key)
	setting := setting_of(flag.key)
	is_riskier(setting, flag.enabled, enabled_before(resource, flag.key))
	pointer := sprintf("/flags[key=%s]/enabled", [flag.key])
	message := sprintf("the feature flag `%s` would be `%v`, which is riskier", [flag.key, flag.enabled])
}

remedy_flag := "leave the flag as it is, or have someone approve it who knows what the service does with it"

setting_of(key) := upper(trim_prefix(key, prefix)) if {
	prefix := sprintf("%s_", [watched.target])
	startswith(key, prefix)
}

enabled_before(resource, key) := enabled if {
	enabled := [flag.enabled |
		some other in watched.base_objects
		watched.key(other) == watched.key(resource)
		some flag in objects.list(other.value.flags)
		flag.key == key
	][0]
} else := null

is_riskier(setting, enabled, known) if {
	table.class(setting) == "on_is_dangerous"
	enabled == true
	known != true
}

is_riskier(setting, enabled, known) if {
	table.class(setting) == "off_is_dangerous"
	enabled == false
	known != false
}

is_riskier(setting, enabled, known) if {
	not table.class(setting) in {"on_is_dangerous", "off_is_dangerous", "neutral"}
	enabled != known
}

# What is not read as objects: templates of charts, scripts.
deny contains objects.finding("trading_elsewhere", message, file.path, "", remedy) if {
	some file in input.watched
	text := file.head.text
	is_string(text)
	some name in {workloads.forwarder_image, workloads.trading_image}
	says_image(text, name)
	not says_image(before_text(file), name)
	message := sprintf("`%s` would run `%s`, where nothing can be judged", [file.path, name])
}

deny contains objects.finding("trading_elsewhere", message, file.path, "", remedy) if {
	some file in input.watched
	is_string(file.head.text)
	says_scheduler(file.head.text)
	not says_scheduler(before_text(file))
	message := sprintf("`%s` would run the scheduler, where nothing can be judged", [file.path])
}

deny contains objects.finding("credentials_elsewhere", message, file.path, "", remedy) if {
	some file in input.watched
	is_string(file.head.text)
	takes_credentials(file.head.text)
	not takes_credentials(before_text(file))
	message := sprintf("`%s` would take the broker's credentials", [file.path])
}

# Texts of what is a manifest on the other side are looked for in its objects.
before_text(file) := text if {
	text := file.base.text
	is_string(text)
} else := concat("\n", [watched.text(resource) | some resource in file.base.objects])

says_image(text, name) if names_image(replace(text, input.gitops_path, ""), name)

says_scheduler(text) if regex.match(`scheduler_main|TORGHUT_PROCESS_ROLE["']?\s*[:=,]?(.|\n){0,40}scheduler`, text)

deny contains objects.finding("watched_unread", message, file.path, "", remedy_unread) if {
	some file in input.watched
	file.head.exceeded
	not file.base.exceeded
	message := sprintf("`%s` cannot be judged: %v", [file.path, file.head.problem])
}

review contains objects.finding("watched_unread", message, file.path, "", remedy_unread) if {
	some file in input.watched
	file.head.exceeded
	file.base.exceeded
	message := sprintf("`%s` cannot be judged: %v", [file.path, file.head.problem])
}

# A link to a file that is judged where it is; a submodule is judged nowhere.
review contains objects.finding("watched_unread", message, file.path, "", remedy_unread) if {
	some file in input.watched
	file.head.kind == "submodule"
	message := sprintf("`%s` would be a submodule, whose files cannot be judged", [file.path])
}

remedy_unread := "make the file smaller, split the change, or use regular files"
