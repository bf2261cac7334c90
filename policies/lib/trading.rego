# What turns trading on: names of settings that several policies use.
package writ.lib.trading

import rego.v1

import data.writ.lib.settings

# All of these are off if the variable is absent.
switches := {
	"TRADING_ENABLED",
	"TRADING_LIVE_ENABLED",
	"TRADING_LIVE_SUBMIT_ENABLED",
	"TRADING_SIMPLE_SUBMIT_ENABLED",
	"TRADING_CRYPTO_LIVE_ENABLED",
	"TRADING_AUTONOMY_ENABLED",
	"TRADING_AUTONOMY_ALLOW_LIVE_PROMOTION",
	"TRADING_EXECUTION_ADVISOR_LIVE_APPLY_ENABLED",
}

# The mode is paper if the variable is absent; an unknown mode counts as live.
is_live(sides) if {
	some occurrence in settings.occurrences(sides, "TRADING_MODE")
	settings.danger_of_word(occurrence, ["paper", "live"]) > 0
}

# Objects that are live in the base and stay live.
standing_live := [subject |
	some subject in input.objects
	subject.head[_].settings.TRADING_MODE
	is_live(subject.head)
	is_live(subject.base)
]
