package writ.no_live_transition_test

import rego.v1

import data.writ.lib.given
import data.writ.no_live_transition

test_live_mode_is_denied if {
	given.codes(no_live_transition.deny) == {"live_transition"} with input as given.variables({"TRADING_MODE": "paper"}, {"TRADING_MODE": "live"})
}

test_a_word_that_nobody_knows_counts_as_live if {
	given.codes(no_live_transition.deny) == {"live_transition"} with input as given.variables({"TRADING_MODE": "paper"}, {"TRADING_MODE": "sandbox"})
}

test_back_to_paper_is_fine if {
	count(no_live_transition.deny) == 0 with input as given.variables({"TRADING_MODE": "live"}, {"TRADING_MODE": "paper"})
}

test_an_object_that_is_removed_is_fine if {
	base := given.side({}, given.set({"TRADING_MODE": "live"}))
	subject := object.union(given.touched({"kind": "Deployment", "name": "a"}, base, []), {"differing": ["TRADING_MODE"]})
	count(no_live_transition.deny) == 0 with input as given.objects([subject])
}

test_a_restoring_procedure_may_start_trading if {
	change := object.union(given.variables({"TRADING_ENABLED": "false"}, {"TRADING_ENABLED": "true"}), {"request": given.request("restoring")})
	count(no_live_transition.deny) == 0 with input as change
	given.codes(no_live_transition.warn) == {"trading_resumes"} with input as change
}

test_an_open_gate_is_denied if {
	given.codes(no_live_transition.deny) == {"live_gate"} with input as given.texts("gates.json", {"gate5_live_enabled": false, "gate5_require_approval_token": true}, {"gate5_live_enabled": true, "gate5_require_approval_token": true})
}
