# METADATA
# title: No move toward live trading
# description: |
#   Compares what each object sets before and after. A change may not turn on live mode, order submission or anything
#   else named LIVE or SUBMIT, may not point to another account or broker, may not open a live gate, and may not raise a
#   strategy's capital stage or remove its blockers. What was live before is reported by `paper-default` and not denied
#   here, so that a risk-reducing change is never blocked by a pre-existing problem.
# custom:
#   codes:
#     live_transition: A setting that lets orders reach the broker would be turned on.
#     live_account: The account or broker address would be one that is not known to be for paper trading.
#     live_gate: The gate policy would allow live promotion, or no longer require an approval token.
#     capital_stage: A strategy's capital stage would rise above `shadow_allowed`.
#     trading_resumes: Trading resumes where it was stopped; a restoring procedure does this after approval.
#     capital_blockers: A strategy would lose a blocker that keeps it from using capital.
#   go_on: >-
#     Stay on paper. No procedure of this library goes live; the risk class `live` needs an approval token, which writ
#     does not issue.
#   change: >-
#     `writ.lib.trading.switches` lists the switches, `is_paper` the accounts and addresses that are known to be for
#     paper trading, `stages` the order of capital stages.
#   example:
#     code: live_transition
#     file: scheduler-deployment.yaml
#     from: "value: paper"
#     to: "value: live"
package writ.no_live_transition

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.table
import data.writ.lib.trading

remedy := "keep the current value; a move toward live trading needs its own procedure, gates and approvals"

# If the variable is absent, the switch is off and the mode is paper.
danger(subject, sides, name) := max({0} | {found |
	some occurrence in settings.occurrences(sides, name)
	found := danger_of(subject, name, occurrence)
})

danger_of(_, "TRADING_MODE", occurrence) := settings.danger_of_word(occurrence, ["paper", "live"])

danger_of(_, name, occurrence) := settings.danger_when_on(occurrence) if is_switch(name)

# Any other name with LIVE or SUBMIT counts if it is set to a true value.
danger_of(_, name, occurrence) := 1 if {
	not is_switch(name)
	speaks_of_live(name)
	settings.is_true(occurrence)
}

is_switch(name) if name in trading.switches

# An unlisted switch: anything but a false value, and any reference, counts as on.
is_switch(name) if {
	not name in trading.switches
	speaks_of_live(name)
	regex.match(`_(ENABLED|ALLOWED|APPROVED)$`, name)
}

# A name that the table of settings has in another class is no switch toward live trading.
speaks_of_live(name) if {
	regex.match(`(^|_)(LIVE|SUBMIT)(_|$)`, name)
	not is_something_else(name)
}

is_something_else(name) if {
	table.is_known(name)
	table.class(name) != "on_is_dangerous"
}

worse contains [subject, name] if {
	some subject in objects.touched
	some name in subject.differing
	danger(subject, subject.head, name) > danger(subject, subject.base, name)
}

# A restoring procedure may resume trading, and nothing else.
resumes(name) if {
	name == "TRADING_ENABLED"
	objects.risk == "restoring"
}

deny contains objects.finding("live_transition", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name] in worse
	not resumes(name)
	message := sprintf("moves toward live trading: %s", [settings.transition(subject, name)])
}

warn contains objects.finding("trading_resumes", message, objects.path(subject), settings.pointer(subject, name), advice) if {
	some [subject, name] in worse
	resumes(name)
	message := sprintf("trading resumes: %s", [settings.transition(subject, name)])
	advice := "approve only if the reason for stopping is understood and resolved"
}

# Accounts and addresses.

deny contains objects.finding("live_account", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in objects.touched
	some name in subject.differing
	name in {"TRADING_ACCOUNT_LABEL", "TRADING_ACCOUNTS_JSON", "ALPACA_TRADE_STREAM_URL", "APCA_API_BASE_URL", "TORGHUT_ACCOUNT_LABEL"}
	not all_paper(subject.head, name)
	not was_the_same(subject, name)
	message := sprintf("points to an account or broker that is not known to be for paper trading: %s", [settings.transition(subject, name)])
}

# Removing one is allowed only together with its object.
all_paper(sides, name) if {
	count(sides) > 0
	count(settings.occurrences(sides, name)) > 0
	every occurrence in settings.occurrences(sides, name) {
		is_paper(name, occurrence)
	}
}

all_paper(sides, _) if count(sides) == 0

is_paper(name, occurrence) if {
	name in {"TRADING_ACCOUNT_LABEL", "TORGHUT_ACCOUNT_LABEL"}
	regex.match(`^(PA[0-9A-Z]+|TORGHUT_SIM)$`, trim_space(occurrence.value))
}

is_paper(name, occurrence) if {
	name in {"ALPACA_TRADE_STREAM_URL", "APCA_API_BASE_URL"}
	regex.match(`^(https|wss)://paper-api\.alpaca\.markets(/|$)`, trim_space(occurrence.value))
}

is_paper("TRADING_ACCOUNTS_JSON", occurrence) if {
	json.is_valid(occurrence.value)
	accounts := json.unmarshal(occurrence.value)
	is_array(accounts)
	every account in accounts {
		account.mode == "paper"
	}
}

# The head has no value that the base lacks.
was_the_same(subject, name) if {
	head := settings.said(subject.head, name)
	count(head) > 0
	count(head - settings.said(subject.base, name)) == 0
}

# Gates: JSON inside a ConfigMap.

gates := {"gate5_live_enabled", "gate5_require_approval_token"}

deny contains objects.finding("live_gate", message, objects.path(subject), pointer, remedy) if {
	some subject in objects.touched
	some name in gates
	some side in subject.head
	some key, text in side.embedded
	is_gate_policy(text.value)
	gate_danger(subject.head, name) > gate_danger(subject.base, name)
	message := sprintf("opens a gate to live trading: `%s` of %s", [name, objects.title(subject)])
	pointer := sprintf("/data/%s/%s", [key, name])
}

gate_danger(sides, name) := max({0} | {found |
	some text in sides[_].embedded
	is_gate_policy(text.value)
	found := danger_of_gate(text.value, name)
})

is_gate_policy(value) if {
	some key, _ in objects.map(value)
	startswith(key, "gate")
}

danger_of_gate(value, "gate5_live_enabled") := 0 if {
	object.get(value, "gate5_live_enabled", false) == false
} else := 1

danger_of_gate(value, "gate5_require_approval_token") := 0 if {
	value.gate5_require_approval_token == true
} else := 1

# Capital stages: the strategy catalog inside a ConfigMap.

stages := [
	"disabled", "quarantined", "research_only", "replay_verified", "shadow_allowed",
	"paper_probation", "paper_verified", "micro_live_allowed", "capital_allowed", "scaled",
]

deny contains objects.finding("capital_stage", message, objects.path(subject), pointer, remedy) if {
	some subject in objects.touched
	some side in subject.head
	some key, text in side.embedded
	some index, strategy in objects.list(text.value.strategies)
	rank := rank_of(strategy)
	rank > 4
	rank > max({0} | {rank_of(before) |
		some before in objects.list(subject.base[_].embedded[_].value.strategies)
		before.name == strategy.name
	})
	message := sprintf("raises the capital stage of strategy `%v` to `%v`", [strategy.name, strategy.capital_authority.stage])
	pointer := sprintf("/data/%s/strategies/%d/capital_authority/stage", [key, index])
}

rank_of(strategy) := rank if {
	some rank, stage in stages
	stage == strategy.capital_authority.stage
} else := 100 if {
	strategy.capital_authority.stage
} else := 0

# The blockers that keep a strategy from using capital, on one side.
blockers(sides, name) := {blocker |
	some strategy in objects.list(sides[_].embedded[_].value.strategies)
	strategy.name == name
	some blocker in objects.list(strategy.capital_authority.blockers)
}

deny contains objects.finding("capital_blockers", message, objects.path(subject), pointer, remedy) if {
	some subject in objects.touched
	some side in subject.head
	some key, text in side.embedded
	some index, strategy in objects.list(text.value.strategies)
	lost := blockers(subject.base, strategy.name) - blockers(subject.head, strategy.name)
	count(lost) > 0
	rank_of(strategy) >= 4
	message := sprintf("strategy `%v` would lose its blockers: %s", [strategy.name, concat(", ", {sprintf("`%v`", [one]) | some one in lost})])
	pointer := sprintf("/data/%s/strategies/%d/capital_authority/blockers", [key, index])
}
