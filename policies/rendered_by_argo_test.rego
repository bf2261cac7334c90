package writ.rendered_by_argo_test

import rego.v1

import data.writ.lib.given
import data.writ.rendered_by_argo

path := "argocd/applicationsets/product.yaml"

element := {"name": "torghut", "path": "argocd/applications/torghut", "namespace": "torghut", "automation": "auto", "enabled": "true"}

other := {"name": "shop", "path": "argocd/applications/shop", "namespace": "shop", "automation": "auto", "enabled": "true"}

selector := {"matchExpressions": [{"key": "enabled", "operator": "NotIn", "values": ["false"]}]}

set(elements, more) := given.watched(path, "argoproj.io", "ApplicationSet", "product", {"spec": object.union(
	{"generators": [{"list": {"elements": elements}, "selector": selector}], "template": {"spec": {"source": {"repoURL": "a", "path": "{{.path}}"}}}},
	more,
)})

changed(before, after) := given.differing(path, [set(before, {})], [set(after, {})])

denied(facts) := codes if codes := given.codes(rendered_by_argo.deny) with input as facts

reviewed(facts) := codes if codes := given.codes(rendered_by_argo.review) with input as facts

with_field(fields) := [object.union(element, fields), other]

test_another_path_is_denied if denied(changed([element, other], with_field({"path": "argocd/live"}))) == {"application_source"}

test_another_revision_is_denied if denied(changed([element], with_field({"targetRevision": "live"}))) == {"application_source"}

test_another_namespace_is_denied if denied(changed([element], with_field({"namespace": "x"}))) == {"application_destination"}

test_manual_sync_is_denied if denied(changed([element], with_field({"automation": "manual"}))) == {"application_stopped"}

test_disabling_is_denied if denied(changed([element], with_field({"enabled": "false"}))) == {"application_stopped"}

test_removing_is_denied if denied(changed([element, other], [other])) == {"application_stopped"}

test_renaming_is_denied if {
	denied(changed([element], [object.union(element, {"name": "renamed"})])) == {"application_stopped", "application_twice"}
}

test_sync_options_are_asked_about if {
	facts := changed([element], with_field({"syncOptions": ["Replace=true"]}))
	denied(facts) == set()
	reviewed(facts) == {"application_changed"}
}

test_others_are_their_own_affair if {
	facts := changed([element, other], [element, object.union(other, {"path": "argocd/applications/new", "enabled": "false"})])
	denied(facts) == set()
	reviewed(facts) == set()
}

test_another_repository_for_all_is_denied if {
	template := {"template": {"spec": {"source": {"repoURL": "b", "path": "{{.path}}"}}}}
	denied(given.differing(path, [set([element], {})], [set([element], template)])) == {"application_source"}
}

test_a_second_application_is_denied if {
	application := given.watched("argocd/x.yaml", "argoproj.io", "Application", "x", {"spec": {"source": {"path": "./argocd/applications/torghut/ws/"}}})
	denied(given.differing("argocd/x.yaml", [], [application])) == {"application_twice"}
}

test_a_pattern_of_folders_is_denied if {
	generators := [{"git": {"directories": [{"path": "argocd/applications/*"}]}}]
	all := given.watched(path, "argoproj.io", "ApplicationSet", "all", {"spec": {"generators": generators}})
	denied(given.differing(path, [], [all])) == {"application_twice"}
}

plugin(value) := given.watched("argocd/argo/repo.yaml", "apps", "Deployment", "repo", {"spec": {"env": [{"name": "LOVELY_PREPROCESSORS", "value": value}]}})

test_the_plugins_settings_are_asked_about if {
	reviewed(given.differing("argocd/argo/repo.yaml", [plugin("a")], [plugin("b")])) == {"renderer_changed"}
}
