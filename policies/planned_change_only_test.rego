package writ.planned_change_only_test

import rego.v1

import data.writ.lib.given
import data.writ.planned_change_only

declared := {"path": "a.yaml", "kind": "Deployment", "name": "app", "pointer": "/spec/replicas"}

at(pointer) := object.union(given.nothing, {
	"request": object.union(given.request("containment"), {"declared": [declared]}),
	"changes": [{"path": "a.yaml", "document": {"kind": "Deployment", "name": "app"}, "pointer": pointer, "before": 1, "after": 0}],
	"files": [{"path": "a.yaml"}],
})

test_what_is_declared_may_change if {
	count(planned_change_only.deny) == 0 with input as at("/spec/replicas")
}

test_what_only_begins_alike_may_not if {
	given.codes(planned_change_only.deny) == {"unplanned_change"} with input as at("/spec/replicasMax")
}

test_a_file_without_a_change_that_can_be_named_is_denied if {
	given.codes(planned_change_only.deny) == {"unplanned_file"} with input as object.union(at("/spec/replicas"), {"files": [{"path": "b.yaml"}, {"path": "a.yaml"}]})
}

test_what_people_change_is_not_declared if {
	count(planned_change_only.deny) == 0 with input as object.union(at("/spec/other"), {"request": null})
}
