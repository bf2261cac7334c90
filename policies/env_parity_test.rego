package writ.env_parity_test

import rego.v1

import data.writ.env_parity
import data.writ.lib.given

both(api, scheduler) := given.objects([
	given.deployment("torghut", {"TORGHUT_PROCESS_ROLE": "api", "A": "one"}, {"TORGHUT_PROCESS_ROLE": "api", "A": api}),
	given.deployment("torghut-scheduler", {"TORGHUT_PROCESS_ROLE": "scheduler", "A": "one"}, {"TORGHUT_PROCESS_ROLE": "scheduler", "A": scheduler}),
])

test_one_side_alone_is_reported if {
	given.codes(env_parity.warn) == {"env_parity"} with input as both("two", "one")
	given.codes(env_parity.warn) == {"env_parity"} with input as both("one", "two")
	count(env_parity.deny) == 0 with input as both("one", "two")
}

test_both_sides_are_fine if {
	count(env_parity.warn) == 0 with input as both("two", "two")
}

test_a_procedure_writes_both_sides if {
	given.codes(env_parity.deny) == {"env_parity"} with input as object.union(both("two", "one"), {"request": given.request("restoring")})
	count(env_parity.deny) == 0 with input as object.union(both("two", "one"), {"request": given.request("containment")})
}

test_what_is_put_right_is_told if {
	before := given.objects([
		given.deployment("torghut", {"TORGHUT_PROCESS_ROLE": "api", "A": "one"}, {"TORGHUT_PROCESS_ROLE": "api", "A": "one"}),
		given.deployment("torghut-scheduler", {"TORGHUT_PROCESS_ROLE": "scheduler", "A": "two"}, {"TORGHUT_PROCESS_ROLE": "scheduler", "A": "one"}),
	])
	given.codes(env_parity.warn) == {"parity_restored"} with input as before
	count(env_parity.deny) == 0 with input as before
}
