package writ.argo_ignored_test

import rego.v1

import data.writ.argo_ignored
import data.writ.lib.given

at(pointers) := object.union(given.nothing, {"changes": [change |
	some pointer in pointers
	change := {"path": "ta-sim.yaml", "document": {"kind": "FlinkDeployment", "name": "torghut-ta-sim"}, "pointer": pointer, "before": 1, "after": 2}
]})

asked(pointers) := object.union(at(pointers), {"request": given.request("containment")})

test_an_ignored_field_alone_is_denied_to_procedures if {
	given.codes(argo_ignored.deny) == {"ignored_field"} with input as asked(["/spec/job/state"])
	given.codes(argo_ignored.warn) == {"ignored_field"} with input as at(["/spec/job/state"])
}

test_with_a_field_that_counts_it_is_applied if {
	count(argo_ignored.deny) == 0 with input as asked(["/spec/job/state", "/spec/restartNonce"])
}
