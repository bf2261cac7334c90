package writ.restoring_hours_test

import rego.v1

import data.writ.restoring_hours

change(kind, name, pointer, before, after) := {
	"path": "a.yaml", "document": {"kind": kind, "name": name}, "pointer": pointer, "before": before, "after": after,
}

codes(change, window) := {found.code | some found in restoring_hours.review with input as {
	"changes": [change], "objects": [], "request": null, "window": window,
}}

frozen := {"code": "frozen", "name": "quarter end", "until": "2027-01-04T14:00:00Z"}

test_what_restores_is_asked_about if {
	every one in [
		change("Deployment", "torghut-scheduler", "/spec/replicas", 0, 1),
		change("FlinkDeployment", "torghut-ta", "/spec/job/state", "suspended", "running"),
		change("CronJob", "order-lineage", "/spec/suspend", true, false),
		change("CronJob", "order-lineage", "/spec/suspend", true, null),
		change("FlinkDeployment", "torghut-ta", "/spec/restartNonce", 1, 2),
		change("Deployment", "torghut-ws", "/spec/template/spec/containers[name=torghut-ws]/image", "a", "b"),
		change("Deployment", "torghut-ws", "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt", "a", "b"),
	] {
		codes(one, frozen) == {"frozen"}
		codes(one, {"code": "outside_hours", "name": "", "until": null}) == {"outside_hours"}
		codes(one, null) == set()
	}
}

test_what_makes_safer_or_is_neither_is_not if {
	every one in [
		change("Deployment", "torghut-scheduler", "/spec/replicas", 1, 0),
		change("FlinkDeployment", "torghut-ta", "/spec/job/state", "running", "suspended"),
		change("CronJob", "order-lineage", "/spec/suspend", false, true),
		change("Deployment", "an-exporter", "/spec/template/spec/containers[name=x]/image", "a", "b"),
		change("ConfigMap", "anything", "/data/a", "1", "2"),
	] {
		codes(one, frozen) == set()
	}
}

by_class(risk) := {found.code | some found in restoring_hours.review with input as {
	"changes": [change("Deployment", "torghut-scheduler", "/spec/replicas", 0, 1)], "objects": [],
	"request": {"procedure": "p", "risk": risk}, "window": frozen,
}}

test_a_procedure_is_asked_about_by_its_class if {
	by_class("restoring") == {"frozen"}
	by_class("promotion") == {"frozen"}
	by_class("containment") == set()
}
