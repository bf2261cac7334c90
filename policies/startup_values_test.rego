package writ.startup_values_test

import rego.v1

import data.writ.lib.given
import data.writ.startup_values

times := {
	"TRADING_NEW_EXPOSURE_CUTOFF_TIME_ET": "15:30:00",
	"TRADING_FLATTEN_START_TIME_ET": "15:45:00",
	"TRADING_FLAT_CONFIRMATION_TIME_ET": "15:50:00",
}

test_times_out_of_order_are_denied if {
	given.codes(startup_values.deny) == {"time_order"} with input as given.variables(times, object.union(times, {"TRADING_FLATTEN_START_TIME_ET": "15:55:00"}))
}

test_a_freeze_keeps_the_order if {
	count(startup_values.deny) == 0 with input as given.variables(times, object.union(times, {"TRADING_NEW_EXPOSURE_CUTOFF_TIME_ET": "00:00:00"}))
}

test_a_loss_limit_is_a_share if {
	name := "TRADING_DAILY_LOSS_STOP_PCT_EQUITY"
	every value in ["0", "1.5", "-0.1", "none"] {
		given.codes(startup_values.deny) == {"loss_limit"} with input as given.variables({name: "0.01"}, {name: value})
	}
	count(startup_values.deny) == 0 with input as given.variables({name: "0.01"}, {name: "1"})
}
