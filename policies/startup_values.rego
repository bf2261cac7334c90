# METADATA
# title: Settings that the service refuses at startup
# description: |
#   The trading service validates some of its settings at startup and exits if they are invalid: then it neither trades
#   nor closes open positions. These checks are made here, before the change is merged.
# custom:
#   codes:
#     time_order: The cutoff, the start of flattening and its confirmation would be out of order.
#     loss_limit: A loss stop would not be above 0 and at most 1.
#     emergency_stop_required: Orders would be submitted live without the emergency stop.
#     closeout_attempts: Closing positions would not be attempted at all.
#   go_on: >-
#     Keep the order: cutoff, start of flattening, confirmation. Loss stops are a fraction of equity, above 0 and at
#     most 1.
#   change: >-
#     Each check mirrors one of the service's own; change both together.
#   example:
#     code: time_order
#     file: scheduler-deployment.yaml
#     from: "\"15:45:00\""
#     to: "\"15:55:00\""
package writ.startup_values

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.trading

# A finding is a denial if the value was valid before, else it stands.

deny contains entry.finding if {
	some entry in unfit
	not entry.was_unfit
}

standing contains entry.finding if {
	some entry in unfit
	entry.was_unfit
}

# The service starts only with this order. The first has a default.
times := ["TRADING_NEW_EXPOSURE_CUTOFF_TIME_ET", "TRADING_FLATTEN_START_TIME_ET", "TRADING_FLAT_CONFIRMATION_TIME_ET"]

at(sides, name) := max({settings.danger_of_time(occurrence) | some occurrence in settings.occurrences(sides, name)})

default is_out_of_order(_) := false

is_out_of_order(sides) if {
	some index, name in times
	some later_index, later in times
	index < later_index
	at(sides, name) > at(sides, later)
}

unfit contains entry if {
	some subject in objects.touched
	some name in times
	name in subject.differing
	is_out_of_order(subject.head)
	message := sprintf("the times of %s would be out of order: %s", [objects.title(subject), concat(" · ", [settings.words(subject.head, one) | some one in times])])
	remedy := "keep the cutoff before the start of flattening, and the start before the confirmation"
	entry := {
		"was_unfit": is_out_of_order(subject.base),
		"finding": objects.finding("time_order", message, objects.path(subject), settings.pointer(subject, name), remedy),
	}
}

limits := {"TRADING_DAILY_LOSS_STOP_PCT_EQUITY", "TRADING_PERSISTENT_DRAWDOWN_STOP_PCT_EQUITY"}

default is_no_limit(_, _) := false

is_no_limit(sides, name) if {
	some occurrence in settings.occurrences(sides, name)
	not fits(settings.danger_of_cap(occurrence))
}

fits(number) if {
	number > 0
	number <= 1
}

unfit contains entry if {
	some subject in objects.touched
	some name in limits
	name in subject.differing
	is_no_limit(subject.head, name)
	message := sprintf("the service would not start: %s", [settings.transition(subject, name)])
	remedy := "set a fraction of equity above 0 and at most 1"
	entry := {
		"was_unfit": is_no_limit(subject.base, name),
		"finding": objects.finding("loss_limit", message, objects.path(subject), settings.pointer(subject, name), remedy),
	}
}

default is_unguarded(_) := false

is_unguarded(sides) if {
	trading.is_live(sides)
	every name in ["TRADING_ENABLED", "TRADING_SIMPLE_SUBMIT_ENABLED", "TRADING_LIVE_SUBMIT_ENABLED"] {
		some occurrence in settings.occurrences(sides, name)
		settings.is_true(occurrence)
	}
	not is_guarded(sides)
}

is_guarded(sides) if {
	found := settings.occurrences(sides, "TRADING_EMERGENCY_STOP_ENABLED")
	count(found) > 0
	every occurrence in found {
		settings.is_true(occurrence)
	}
}

unfit contains entry if {
	some subject in objects.touched
	is_unguarded(subject.head)
	message := sprintf("%s would submit live orders without the emergency stop: it would not start", [objects.title(subject)])
	remedy := "set `TRADING_EMERGENCY_STOP_ENABLED: \"true\"`"
	entry := {
		"was_unfit": is_unguarded(subject.base),
		"finding": objects.finding("emergency_stop_required", message, objects.path(subject), settings.pointer(subject, "TRADING_EMERGENCY_STOP_ENABLED"), remedy),
	}
}

default is_not_tried(_, _) := false

is_not_tried(sides, name) if {
	some occurrence in settings.occurrences(sides, name)
	not regex.match(`^0*[1-9][0-9]*$`, object.get(occurrence, "value", ""))
}

unfit contains entry if {
	some subject in objects.touched
	some name in subject.differing
	endswith(name, "CLOSEOUT_MAX_ATTEMPTS")
	is_not_tried(subject.head, name)
	message := sprintf("closing positions would not be attempted: %s", [settings.transition(subject, name)])
	remedy := "set at least 1"
	entry := {
		"was_unfit": is_not_tried(subject.base, name),
		"finding": objects.finding("closeout_attempts", message, objects.path(subject), settings.pointer(subject, name), remedy),
	}
}
