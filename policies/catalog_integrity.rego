# METADATA
# title: The strategy catalog holds together
# description: |
#   The service reads all strategies from one text, and a catalog that breaks a rule stops every one of them. Names stand
#   once, a strategy's capital authority is its own and gets a new id when it changes, a strategy that is off holds no
#   stage of the broker, and being on is said, not left to the default.
# custom:
#   codes:
#     catalog_broken: What is read as the catalog would not be a list of named strategies.
#     strategy_twice: Two strategies would have one name.
#     strategy_ref: A capital authority would be that of another strategy.
#     authority_reused: A capital authority would change and keep its id, or share it with another.
#     stage_of_disabled: A strategy that is off would hold a stage of the broker.
#     enabled_by_default: A strategy would be on because nothing is said; absent means on.
#     strategy_missing: A strategy would leave the catalog; the service switches it off.
#     strategy_enabled: A strategy would be switched on.
#   go_on: >-
#     Say `enabled` for each strategy, keep names apart, and give a capital authority a new `authority_id` when
#     anything in it changes.
#   change: >-
#     `is_catalog_key` says which texts are catalogs; `broker_stages` which stages let orders through. Both follow the
#     service's loader.
#   example:
#     code: enabled_by_default
#     file: strategy-configmap.yaml
#     from: "        enabled: false\n"
#     to: ""
package writ.catalog_integrity

import rego.v1

import data.writ.lib.objects

is_catalog_key(key) if key in {"strategies.yaml", "strategies.yml", "strategies.json"}

# Each catalog that is looked at: touched objects only.
catalogs contains [subject, side, key] if {
	some subject in objects.touched
	some side in subject.head
	some key, text in side.embedded
	is_catalog_key(key)
	text.value
}

strategies(side, key) := objects.list(side.embedded[key].value.strategies)

# The strategies of the base by name.
before(subject, name) := [strategy |
	some text in subject.base[_].embedded
	some strategy in objects.list(text.value.strategies)
	strategy.name == name
]

had_catalog(subject) if {
	some key, _ in subject.base[_].embedded
	is_catalog_key(key)
}

broken contains [subject, side, key] if {
	some [subject, side, key] in catalogs
	not is_sound(side, key)
}

is_sound(side, key) if {
	found := strategies(side, key)
	every strategy in found {
		is_string(strategy.name)
		strategy.name != ""
	}
}

deny contains objects.finding("catalog_broken", message, side.path, sprintf("/data/%s", [key]), remedy) if {
	some [subject, side, key] in broken
	message := sprintf("`%s` of %s would not be a list of named strategies: every strategy would stop", [key, objects.title(subject)])
	remedy := "keep `strategies:` with a list, each entry with a `name`"
}

deny contains objects.finding("catalog_broken", message, objects.path(subject), "/data", remedy) if {
	some subject in objects.touched
	count(subject.head) > 0
	had_catalog(subject)
	count([key | some key, _ in subject.head[_].embedded; is_catalog_key(key)]) == 0
	message := sprintf("%s would hold no catalog: every strategy would stop", [objects.title(subject)])
	remedy := "keep the catalog under its key"
}

place(key, index, field) := sprintf("/data/%s/strategies/%d/%s", [key, index, field])

deny contains objects.finding("strategy_twice", message, side.path, place(key, index, "name"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	namesakes := [other | some other in strategies(side, key); other.name == strategy.name]
	count(namesakes) > 1
	count(before(subject, strategy.name)) < count(namesakes)
	message := sprintf("the strategy `%v` would stand %d times", [strategy.name, count(namesakes)])
	remedy := "give each strategy a name of its own"
}

deny contains objects.finding("strategy_ref", message, side.path, place(key, index, "capital_authority/strategy_ref"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	authority := objects.map(strategy.capital_authority)
	ref := object.get(authority, "strategy_ref", null)
	ref != strategy.name
	not ref in {object.get(objects.map(known.capital_authority), "strategy_ref", null) | some known in before(subject, strategy.name)}
	message := sprintf("the capital authority of `%v` would be that of `%v`", [strategy.name, ref])
	remedy := "set `strategy_ref` to the strategy's own name"
}

# The same id with other content.
deny contains objects.finding("authority_reused", message, side.path, place(key, index, "capital_authority/authority_id"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	authority := objects.map(strategy.capital_authority)
	some text in subject.base[_].embedded
	some known in objects.list(text.value.strategies)
	known.capital_authority.authority_id == authority.authority_id
	known.capital_authority != authority
	message := sprintf("the capital authority of `%v` would change and keep the id `%v`", [strategy.name, authority.authority_id])
	remedy := "give the changed authority a new `authority_id`"
}

deny contains objects.finding("authority_reused", message, side.path, place(key, index, "capital_authority/authority_id"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	id := strategy.capital_authority.authority_id
	sharers := {other.name | some other in strategies(side, key); other.capital_authority.authority_id == id}
	count(sharers) > 1
	not was_shared(subject, id)
	message := sprintf("the capital authority `%v` would be that of several strategies", [id])
	remedy := "give each strategy an `authority_id` of its own"
}

was_shared(subject, id) if {
	some text in subject.base[_].embedded
	count({known.name | some known in objects.list(text.value.strategies); known.capital_authority.authority_id == id}) > 1
}

# Stages that let orders reach the broker.
broker_stages := {"paper_probation", "paper_verified", "micro_live_allowed", "capital_allowed", "scaled"}

deny contains objects.finding("stage_of_disabled", message, side.path, place(key, index, "capital_authority/stage"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	is_off_with_stage(strategy)
	count([known | some known in before(subject, strategy.name); is_off_with_stage(known)]) == 0
	message := sprintf("the strategy `%v` is off and would hold the stage `%v`", [strategy.name, strategy.capital_authority.stage])
	remedy := "take the stage back before the strategy is switched off"
}

is_off_with_stage(strategy) if {
	strategy.enabled == false
	strategy.capital_authority.stage in broker_stages
}

is_on(strategy) if object.get(strategy, "enabled", true) != false

was_on(subject, name) if {
	some known in before(subject, name)
	is_on(known)
}

# On by default, where it was off or not there.
deny contains objects.finding("enabled_by_default", message, side.path, place(key, index, "enabled"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	not is_boolean(object.get(strategy, "enabled", null))
	not was_on(subject, strategy.name)
	message := sprintf("the strategy `%v` would be on: `enabled` says neither true nor false", [strategy.name])
	remedy := "write `enabled: false`, or `enabled: true` if that is meant"
}

warn contains objects.finding("strategy_enabled", message, side.path, place(key, index, "enabled"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	strategy.enabled == true
	not was_on(subject, strategy.name)
	message := sprintf("the strategy `%v` would be switched on", [strategy.name])
	remedy := "approve only if its evidence is known"
}

# Leaving: one strategy is somebody's decision, for a procedure it is damage.

missing contains [subject, strategy.name] if {
	some subject in objects.touched
	count(subject.head) > 0
	some text in subject.base[_].embedded
	some strategy in objects.list(text.value.strategies)
	is_readable(subject)
	count([other | some other in objects.list(subject.head[_].embedded[_].value.strategies); other.name == strategy.name]) == 0
}

# What cannot be read is another rule's finding.
is_readable(subject) if {
	every text in [text | some text in subject.head[_].embedded] {
		not text.problem
	}
}

deny contains objects.finding("strategy_missing", message, objects.path(subject), "/data", remedy) if {
	objects.risk != "none"
	some [subject, name] in missing
	message := sprintf("the strategy `%v` would leave the catalog", [name])
	remedy := "switch it off with `enabled: false` instead"
}

warn contains objects.finding("strategy_missing", message, objects.path(subject), "/data", remedy) if {
	objects.risk == "none"
	some [subject, name] in missing
	message := sprintf("the strategy `%v` would leave the catalog: the service switches it off", [name])
	remedy := "approve only if it is meant to go; its positions stay until they are closed"
}
