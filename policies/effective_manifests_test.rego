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
	given.codes(effective_manifests.warn) == {"standing_broken"} with input as build(problem, problem)
}

unknown(base, head) := object.union(given.nothing, {"unknown": [{"path": "kustomization.yaml", "what": "a chart", "reach": "adds", "base": base, "head": head, "changed": base != head}]})

test_a_new_unknown_is_denied_and_an_old_one_is_not if {
	given.codes(effective_manifests.deny) == {"effective_unknown"} with input as unknown(false, true)
	count(effective_manifests.deny) == 0 with input as unknown(true, true)
}
