package writ.no_safety_weakening_test

import rego.v1

import data.writ.lib.given
import data.writ.no_safety_weakening

trading(variables) := object.union({"TRADING_MODE": "paper"}, variables)

test_the_kill_switch_off_is_denied if {
	given.codes(no_safety_weakening.deny) == {"safety_switch"} with input as given.variables({"TRADING_KILL_SWITCH_ENABLED": "true"}, {"TRADING_KILL_SWITCH_ENABLED": "false"})
}

test_the_emergency_stop_removed_is_denied if {
	given.codes(no_safety_weakening.deny) == {"safety_switch"} with input as given.variables(trading({"TRADING_EMERGENCY_STOP_ENABLED": "true"}), trading({}))
}

test_the_kill_switch_removed_is_fine if {
	count(no_safety_weakening.deny) == 0 with input as given.variables(trading({"TRADING_KILL_SWITCH_ENABLED": "false"}), trading({}))
}

test_a_cap_may_fall_and_not_rise if {
	given.codes(no_safety_weakening.deny) == {"safety_cap"} with input as given.variables({"TRADING_DAILY_LOSS_STOP_PCT_EQUITY": "0.01"}, {"TRADING_DAILY_LOSS_STOP_PCT_EQUITY": "0.011"})
	count(no_safety_weakening.deny) == 0 with input as given.variables({"TRADING_DAILY_LOSS_STOP_PCT_EQUITY": "0.01"}, {"TRADING_DAILY_LOSS_STOP_PCT_EQUITY": "0.009"})
}

test_a_threshold_of_the_gates_may_tighten_and_not_loosen if {
	given.codes(no_safety_weakening.deny) == {"gate_threshold"} with input as given.texts("gates.json", {"gate0_max_null_rate": "0.01"}, {"gate0_max_null_rate": "0.02"})
	count(no_safety_weakening.deny) == 0 with input as given.texts("gates.json", {"gate0_max_null_rate": "0.01"}, {"gate0_max_null_rate": "0.001"})
}

test_only_a_restoring_procedure_releases if {
	change := given.variables({"TRADING_KILL_SWITCH_ENABLED": "true"}, {"TRADING_KILL_SWITCH_ENABLED": "false"})
	given.codes(no_safety_weakening.warn) == {"safety_released"} with input as object.union(change, {"request": given.request("restoring")})
	count(no_safety_weakening.deny) == 1 with input as object.union(change, {"request": given.request("promotion")})
}
