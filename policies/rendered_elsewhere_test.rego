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

test_a_manifest_is_fine if {
	count(rendered_elsewhere.deny) == 0 with input as added("ws/deployment.yaml")
}

test_values_that_run_the_forwarder_are_denied if {
	change := {"path": "values.yaml", "document": {"kind": "", "name": ""}, "pointer": "/singleuser/image/name", "before": "a", "after": "lab/torghut-ws@sha256"}
	given.codes(rendered_elsewhere.deny) == {"values_run_trading"} with input as object.union(given.nothing, {"changes": [change]})
}
