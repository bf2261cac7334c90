# METADATA
# title: Nothing renders beside the kustomization
# description: |
#   Argo CD's plugin also takes Helm charts, helmfiles and templates that lie in the folder, and files that override the
#   application's source. Their objects are not judged here, so none of these files may appear or change, neither below the
#   GitOps path nor beside what its kustomizations refer to outside of it. Taking one away needs someone's approval.
# custom:
#   codes:
#     values_run_trading: Values of a chart would run an image of the trading service or the forwarder, or set trading settings.
#     rendered_elsewhere: A file would appear, change or go that Argo CD renders or reads beside the kustomization.
#   go_on: >-
#     State the objects in manifests that the kustomization lists.
#   change: >-
#     `renders` says which files Argo CD's plugin reads, `trades` what values of a chart may not say.
#   example:
#     code: rendered_elsewhere
#     file: Chart.yaml
#     to: "apiVersion: v2\nname: more\nversion: 0.1.0\n"
package writ.rendered_elsewhere

import rego.v1

import data.writ.lib.objects

renders(path) if {
	parts := split(path, "/")
	name := parts[count(parts) - 1]
	regex.match(`^(Chart\.(yaml|yml|lock)|helmfile(\..*)?\.(yaml|yml|gotmpl)|helmfile|\.argocd-source.*\.ya?ml|\.argocd-.*|\.lovely.*|requirements\.ya?ml)$`, name)
}

renders(path) if {
	some part in split(path, "/")
	part in {"helmfile.d", "templates", "charts"}
}

# The path below the GitOps path.
below(path) := trim_prefix(path, concat("", [input.gitops_path, "/"]))

# Files that are read beside the kustomization; what a kustomization lists by name is an ordinary manifest, wherever it is.
beside contains file if {
	some file in input.files
	renders(below(file.path))
	is_own(file.path)
}

beside contains file if {
	some file in input.files
	renders(below(file.path))
	not is_own(file.path)
	not is_listed(file.path)
}

is_own(path) if startswith(path, concat("", [input.gitops_path, "/"]))

is_listed(path) if {
	some subject in input.objects
	subject.applied
	some side in array.concat(subject.base, subject.head)
	side.path == path
}

deny contains objects.finding("rendered_elsewhere", message, file.path, "", remedy) if {
	some file in beside
	file.status != "removed"
	message := sprintf("Argo CD would read `%s` beside the kustomization; its objects cannot be judged here", [below(file.path)])
	remedy := "state the objects in manifests that the kustomization lists"
}

review contains objects.finding("rendered_elsewhere", message, file.path, "", remedy) if {
	some file in beside
	file.status == "removed"
	message := sprintf("Argo CD would not read `%s` any more, nor apply what it made of it", [below(file.path)])
	remedy := "have someone approve it who knows what was rendered from it"
}

# Objects that let something else be rendered.
deny contains objects.finding("rendered_elsewhere", message, side.path, "", remedy) if {
	some subject in objects.touched
	subject.kind in {"Application", "ApplicationSet", "AppProject", "HelmRelease", "HelmChart", "HelmChartConfig", "GitRepository", "ConfigManagementPlugin"}
	some side in subject.head
	message := sprintf("%s would let other manifests be rendered, which cannot be judged here", [objects.title(subject)])
	remedy := "state the objects in manifests that the kustomization lists"
}

# Values of charts, which are no objects: what they make of an image or a variable is not seen.
deny contains objects.finding("values_run_trading", message, change.path, change.pointer, remedy) if {
	some change in input.changes
	change.document.kind in {"", "Kustomization"}
	not endswith(change.pointer, "/resources")
	says_trading(change)
	message := sprintf("`%s` would run an image of the trading service or set trading settings, where nothing can be judged", [change.pointer])
	remedy := "run and set these only in the objects that the rules know"
}

says_trading(change) if trades(change.pointer)

says_trading(change) if {
	is_values(change)
	trades(json.marshal(change.after))
	not trades(json.marshal(change.before))
}

is_values(change) if change.document.kind == ""

is_values(change) if contains(change.pointer, "helm")

is_values(change) if contains(change.pointer, "values")

trades(text) if regex.match(`(^|[^A-Za-z0-9_])(TRADING_(MODE|ENABLED|LIVE|SIMPLE|KILL|EMERGENCY)|APCA_API_|ALPACA_KEY)`, text)

trades(text) if regex.match(`/torghut(-ws)?(@|:|"|$)`, text)
