# METADATA
# title: Safety limits are never weakened
# description: |
#   Switches that stop trading stay on, caps do not rise, cutoff times do not move later, gate thresholds do not loosen.
#   Removing a variable counts as setting the service's default, which for the emergency stop is off. A restoring
#   procedure may release what a containment procedure engaged, and nothing else.
# custom:
#   codes:
#     safety_switch: A safety switch would be turned off, or a switch that bypasses safety turned on.
#     safety_cap: A limit on size, loss or exposure would rise.
#     safety_time: A cutoff time that stops trading would move later.
#     strategy_cap: A strategy's own limit on size or losses would rise.
#     gate_source: The gate policy would be read from a different source.
#     gate_threshold: A threshold or requirement of the gate policy would be loosened.
#     safety_released: A restoring procedure releases what a containment procedure engaged.
#     standing_weakness: A safety switch is already off, before and after this change.
#   go_on: >-
#     Keep the limit. To release a kill switch or a freeze, use its restoring procedure, which someone else must
#     approve.
#   change: >-
#     `policies/settings.yaml` lists the switches, limits and times with the service's defaults; `is_looser` compares gate
#     policies.
#   example:
#     code: safety_switch
#     file: scheduler-deployment.yaml
#     from: "            - name: TRADING_EMERGENCY_STOP_ENABLED\n              value: \"true\"\n"
#     to: ""
package writ.no_safety_weakening

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.table
import data.writ.lib.trading

remedy := "keep the current limit; a change that makes trading less safe needs its own procedure and approvals"

# What the table of settings knows as a switch, a limit or a time that is never weakened. Switches toward live trading
# and those of the model have rules of their own.
kind_of("safety_switch", name) if {
	table.is_strict(name)
	table.class(name) in {"on_is_dangerous", "off_is_dangerous"}
	not name in trading.switches
	not regex.match(`^LLM_|^TRADING_EXECUTION_ADVISOR_|^TRADING_LIVE_`, name)
}

kind_of("safety_cap", name) if {
	table.is_strict(name)
	table.class(name) == "limit"
}

kind_of("safety_time", name) if {
	table.is_strict(name)
	table.class(name) == "time"
}

# The danger of a side: that of its worst occurrence, or of the variable's absence if the object trades. In an object
# that does not trade, an absent limit counts as unlimited, so that adding any cap is allowed.
danger(sides, name) := table.danger(sides, name) if {
	count(settings.occurrences(sides, name)) > 0
} else := table.absent(name) if {
	settings.trades(sides)
} else := settings.worst if {
	table.class(name) in {"limit", "time"}
} else := 0

worse contains [subject, code, name] if {
	some subject in objects.touched
	count(subject.head) > 0
	some name in names(subject)
	some code in ["safety_switch", "safety_cap", "safety_time"]
	kind_of(code, name)
	danger(subject.head, name) > danger(subject.base, name)
}

# Names that are set differently and, for a new object that trades, the one whose absence is dangerous.
names(subject) := {name | some name in subject.differing} | {name |
	count(subject.base) == 0
	some occurrence in settings.occurrences(subject.head, "TRADING_ENABLED")
	not settings.is_false(occurrence)
	some name in ["TRADING_EMERGENCY_STOP_ENABLED"]
}

releasable := {"TRADING_KILL_SWITCH_ENABLED", "TRADING_NEW_EXPOSURE_CUTOFF_TIME_ET"}

released(name) if {
	objects.risk == "restoring"
	name in releasable
}

deny contains objects.finding(code, message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, code, name] in worse
	not released(name)
	message := sprintf("weakens safety: %s", [settings.transition(subject, name)])
}

warn contains objects.finding("safety_released", message, objects.path(subject), settings.pointer(subject, name), advice) if {
	some [subject, _, name] in worse
	released(name)
	message := sprintf("releases a containment: %s", [settings.transition(subject, name)])
	advice := "approve only if the reason for the containment is understood and resolved"
}

standing contains objects.finding("standing_weakness", message, objects.path(subject), settings.pointer(subject, name), advice) if {
	some subject in trading.standing_live
	some name in ["TRADING_KILL_SWITCH_ENABLED", "TRADING_EMERGENCY_STOP_ENABLED"]
	danger(subject.head, name) > 0
	danger(subject.base, name) > 0
	message := sprintf("`%s` of %s is already off", [name, objects.title(subject)])
	advice := "pre-existing; not changed by this pull request"
}

# Gate thresholds: JSON inside a ConfigMap.

policies(sides) := {value |
	some text in sides[_].embedded
	value := objects.map(text.value)
	some key, _ in value
	startswith(key, "gate")
}

# Each key of the gate policy on both sides; `null` if absent.
deny contains objects.finding("gate_threshold", message, objects.path(subject), sprintf("/data/%s", [key]), remedy) if {
	some subject in objects.touched
	some before in policies(subject.base)
	some key, was in before
	is := {object.get(value, key, null) | some value in policies(subject.head)}
	is_looser(key, was, is)
	message := sprintf("loosens the gate policy of %s: `%s` from `%v` to %s", [objects.title(subject), key, was, shown(is)])
}

shown(values) := concat(", ", [sprintf("`%v`", [value]) | some value in values]) if {
	count(values) > 0
} else := "nothing"

# The whole policy was removed.
is_looser(_, _, is) if count(is) == 0

is_looser(key, was, is) if {
	regex.match(`_max_|_degrade$|_abstain$|_fail$|_max_age`, key)
	some value in is
	number(value) > number(was)
}

is_looser(key, was, is) if {
	regex.match(`_min_|_target_coverage`, key)
	some value in is
	number(value) < number(was)
}

is_looser(key, was, is) if {
	regex.match(`_max_|_min_|_degrade$|_abstain$|_fail$|_target_coverage`, key)
	some value in is
	not is_number_text(value)
	is_number_text(was)
}

is_looser(key, true, is) if {
	contains(key, "require")
	some value in is
	value != true
}

is_looser(_, was, is) if {
	is_array(was)
	some value in is
	not is_array(value)
}

is_looser(key, was, is) if {
	is_array(was)
	regex.match(`required|require`, key)
	some value in is
	is_array(value)
	some entry in was
	not entry in value
}

number(value) := value if is_number(value)

number(value) := to_number(value) if {
	is_string(value)
	regex.match(`^-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$`, value)
}

is_number_text(value) if number(value)

# The source of the gate policy decides which policy applies.
deny contains objects.finding("gate_source", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in objects.touched
	some name in subject.differing
	regex.match(`_GATE_POLICY_(PATH|JSON|URL)$`, name)
	count(subject.head) > 0
	count(settings.said(subject.base, name)) > 0
	settings.said(subject.head, name) != settings.said(subject.base, name)
	message := sprintf("the gate policy would be read from a different source: %s", [settings.transition(subject, name)])
}

# Each strategy's own limits in the catalog.

deny contains objects.finding("strategy_cap", message, objects.path(subject), pointer, remedy) if {
	some subject in objects.touched
	some side in subject.head
	some key, text in side.embedded
	some index, strategy in objects.list(text.value.strategies)
	some before in objects.list(subject.base[_].embedded[_].value.strategies)
	before.name == strategy.name
	some cap, was in limits_of(before)
	is := object.get(limits_of(strategy), cap, null)
	rises(was, is)
	message := sprintf("weakens safety: `%s` of strategy `%v`: `%v` → %s", [cap, strategy.name, was, shown({is} - {null})])
	pointer := sprintf("/data/%s/strategies/%d/%s", [key, index, cap])
}

limits_of(strategy) := {cap: value |
	some place in [strategy, object.get(strategy, "params", {})]
	some cap, value in objects.map(place)
	regex.match(`^max_(position|notional|gross|net|concurrent|entries|negative|session)|_stop_loss_bps$`, cap)
}

rises(_, is) if is == null

rises(was, is) if number(is) > number(was)

# The service reads a cap of zero or less as no cap.
rises(was, is) if {
	number(was) > 0
	number(is) <= 0
}

rises(was, is) if {
	is != null
	number(was)
	not is_number_text(is)
}
