package writ.effective_manifests_test

import rego.v1

import data.writ.effective_manifests
import data.writ.lib.given

build(base, head) := object.union(given.nothing, {"builds": [{"folder": "", "base_problem": base, "head_problem": head}]})

problem := {"path": "kustomization.yaml", "message": "a resource is not there"}

test_what_no_longer_builds_is_denied if {
	given.codes(effective_manifests.deny) == {"build_broken"} with input as build(null, problem)
}

test_what_did_not_build_is_reported if {
	count(effective_manifests.deny) == 0 with input as build(problem, problem)
	given.codes(effective_manifests.standing) == {"standing_broken"} with input as build(problem, problem)
}

over_budget := object.union(problem, {"budget": "visits"})

test_what_is_over_budget_is_denied_even_where_it_was_before if {
	given.codes(effective_manifests.deny) == {"budget_exceeded"} with input as build(null, over_budget)
	given.codes(effective_manifests.deny) == {"budget_exceeded"} with input as build(over_budget, over_budget)
}

test_what_is_over_budget_is_reported_where_nothing_changes if {
	same := object.union(given.nothing, {"builds": [{"folder": "", "base_problem": over_budget, "head_problem": over_budget, "unchanged": true}]})
	count(effective_manifests.deny) == 0 with input as same
	given.codes(effective_manifests.standing) == {"budget_exceeded"} with input as same
}

test_containment_goes_on_over_a_tree_that_was_over_budget if {
	contains_it := {"request": {"risk": "containment"}}
	count(effective_manifests.deny) == 0 with input as object.union(build(over_budget, over_budget), contains_it)
	given.codes(effective_manifests.warn) == {"budget_exceeded"} with input as object.union(build(over_budget, over_budget), contains_it)
	given.codes(effective_manifests.deny) == {"budget_exceeded"} with input as object.union(build(null, over_budget), contains_it)
}

unknown(base, head) := object.union(given.nothing, {"unknown": [{"path": "kustomization.yaml", "what": "a chart", "reach": "adds", "base": base, "head": head, "changed": base != head}]})

inputs_changed(changes) := object.union(given.nothing, {
	"changes": changes,
	"unknown": [{"path": "jobs/kustomization.yaml", "what": "a chart", "reach": "adds", "base": true, "head": true, "changed": true}],
})

value(pointer) := {"path": "jobs/values.yaml", "document": {"kind": "", "name": ""}, "pointer": pointer, "before": "a", "after": "b"}

test_a_promotion_of_a_charts_image_is_no_news if {
	count(effective_manifests.warn) == 0 with input as inputs_changed([value("/web/image/tag")])
	given.codes(effective_manifests.warn) == {"standing_unknown"} with input as inputs_changed([value("/web/image/tag"), value("/size")])
	given.codes(effective_manifests.warn) == {"standing_unknown"} with input as inputs_changed([])
}

test_a_new_unknown_is_denied_and_an_old_one_is_not if {
	given.codes(effective_manifests.deny) == {"effective_unknown"} with input as unknown(false, true)
	count(effective_manifests.deny) == 0 with input as unknown(true, true)
}
