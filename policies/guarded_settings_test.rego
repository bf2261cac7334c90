package writ.guarded_settings_test

import rego.v1

import data.writ.guarded_settings
import data.writ.lib.given
import data.writ.lib.table

trades(settings) := object.union({"TRADING_MODE": "paper"}, settings)

changed(base, head) := given.variables(trades(base), trades(head))

test_a_setting_in_its_risky_direction_is_asked_about if {
	every pair in [
		[{"TRADING_ALLOCATOR_ENABLED": "true"}, {"TRADING_ALLOCATOR_ENABLED": "false"}],
		[{"TRADING_SIMPLE_BUYING_POWER_RESERVE_BPS": "1000"}, {"TRADING_SIMPLE_BUYING_POWER_RESERVE_BPS": "10"}],
		[{}, {"TRADING_DRIFT_LIVE_PROMOTION_REQUIRES_EVIDENCE": "false"}],
		[{"TRADING_LIVE_SUBMIT_ACTIVATION_EXPIRES_AT": "2026-06-18T20:05:00Z"}, {"TRADING_LIVE_SUBMIT_ACTIVATION_EXPIRES_AT": "2026-06-19T20:05:00Z"}],
		[{"TRADING_ALLOCATOR_STRATEGY_NOTIONAL_CAPS": "{\"a\": 1}"}, {"TRADING_ALLOCATOR_STRATEGY_NOTIONAL_CAPS": "{\"a\": 2}"}],
		[{"TRADING_DRIFT_ROLLBACK_REASON_CODES": "a,b"}, {"TRADING_DRIFT_ROLLBACK_REASON_CODES": "a"}],
	] {
		given.codes(guarded_settings.review) == {"setting_riskier"} with input as changed(pair[0], pair[1])
	}
}

test_the_safe_direction_and_the_default_are_fine if {
	every pair in [
		[{"TRADING_ALLOCATOR_ENABLED": "false"}, {"TRADING_ALLOCATOR_ENABLED": "true"}],
		[{"TRADING_SIMPLE_BUYING_POWER_RESERVE_BPS": "10"}, {}],
		[{}, {"TRADING_DRIFT_LIVE_PROMOTION_REQUIRES_EVIDENCE": "true"}],
		[{"TRADING_LIVE_SUBMIT_ACTIVATION_EXPIRES_AT": "2026-06-19T20:05:00Z"}, {"TRADING_LIVE_SUBMIT_ACTIVATION_EXPIRES_AT": "2026-06-18T20:05:00Z"}],
		[{"LOG_LEVEL": "INFO"}, {"LOG_LEVEL": "DEBUG"}],
	] {
		count(guarded_settings.review) == 0 with input as changed(pair[0], pair[1])
	}
}

test_another_lock_is_asked_about if {
	given.codes(guarded_settings.review) == {"setting_identity"} with input as changed({}, {"TRADING_SCHEDULER_LEADERSHIP_LOCK_NAME": "other"})
}

test_an_unknown_setting_is_asked_about if {
	given.codes(guarded_settings.review) == {"setting_unknown"} with input as changed({}, {"TRADING_BRAND_NEW": "1"})
}

test_a_default_is_what_absence_means if {
	table.absent("TRADING_KILL_SWITCH_ENABLED") == 0
	table.absent("TRADING_EMERGENCY_STOP_ENABLED") == 1
	table.absent("TRADING_SCHEDULER_LEADERSHIP_REQUIRED") == 1
	table.absent("LLM_DSPY_RUNTIME_MODE") == 0
	table.absent("LLM_ABSTAIN_FAIL_MODE") == 1
}
