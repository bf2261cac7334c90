package writ.scaled_or_skipped_test

import rego.v1

import data.writ.lib.given
import data.writ.scaled_or_skipped

scaler(target) := given.objects([given.touched({"kind": "ScaledObject", "name": "x"}, [], given.side({"kind": "ScaledObject", "spec": {"scaleTargetRef": {"name": target}}}, {}))])

annotated(name, annotations) := given.values(
	{"kind": "Deployment", "name": name},
	{"kind": "Deployment"},
	{"kind": "Deployment", "metadata": {"annotations": annotations}},
)

test_the_scheduler_is_not_scaled if {
	given.codes(scaled_or_skipped.deny) == {"singleton_scaled"} with input as scaler("torghut-scheduler")
}

test_others_are_scaled if {
	count(scaled_or_skipped.deny) == 0 with input as scaler("exporter")
}

test_a_guarded_object_is_not_skipped if {
	given.codes(scaled_or_skipped.deny) == {"sync_skipped"} with input as annotated("torghut-ws", {"argocd.argoproj.io/hook": "Skip"})
}

test_another_object_that_is_skipped_is_asked_about if {
	given.codes(scaled_or_skipped.review) == {"sync_skipped"} with input as annotated("exporter", {"argocd.argoproj.io/hook": "Skip"})
}
