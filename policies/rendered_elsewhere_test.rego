package writ.rendered_elsewhere_test

import rego.v1

import data.writ.lib.given
import data.writ.rendered_elsewhere

added(path) := object.union(given.nothing, {"files": [{"path": sprintf("argocd/applications/torghut/%s", [path]), "status": "added"}]})

test_charts_and_overrides_are_denied if {
	every path in ["Chart.yaml", "templates/exec.tpl", "helmfile.d/a.yaml", ".argocd-source-torghut.yaml"] {
		given.codes(rendered_elsewhere.deny) == {"rendered_elsewhere"} with input as added(path)
	}
}

test_a_chart_beside_a_base_is_denied if {
	file := {"path": "argocd/bases/x/Chart.yaml", "status": "changed"}
	given.codes(rendered_elsewhere.deny) == {"rendered_elsewhere"} with input as object.union(given.nothing, {"files": [file]})
}

test_a_listed_file_below_a_folder_of_that_name_is_fine if {
	path := "argocd/templates/base/a.yaml"
	facts := object.union(
		given.objects([given.touched({"kind": "ConfigMap", "name": "a"}, given.side({}, {"path": path}), given.side({}, {"path": path}))]),
		{"files": [{"path": path, "status": "changed"}]},
	)
	count(rendered_elsewhere.deny) == 0 with input as facts
}

test_a_chart_that_goes_is_asked_about if {
	file := {"path": "argocd/applications/torghut/Chart.yaml", "status": "removed"}
	facts := object.union(given.nothing, {"files": [file]})
	count(rendered_elsewhere.deny) == 0 with input as facts
	given.codes(rendered_elsewhere.review) == {"rendered_elsewhere"} with input as facts
}

test_a_manifest_is_fine if {
	count(rendered_elsewhere.deny) == 0 with input as added("ws/deployment.yaml")
}

test_values_that_run_the_forwarder_are_denied if {
	change := {"path": "values.yaml", "document": {"kind": "", "name": ""}, "pointer": "/singleuser/image/name", "before": "a", "after": "lab/torghut-ws@sha256"}
	given.codes(rendered_elsewhere.deny) == {"values_run_trading"} with input as object.union(given.nothing, {"changes": [change]})
}
