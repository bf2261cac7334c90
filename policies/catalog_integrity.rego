# METADATA
# title: The strategy catalog is consistent
# description: |
#   The service reads all strategies from one text, and a catalog that breaks a rule stops every strategy. Names are
#   unique, a strategy's capital authority is its own and gets a new id when it changes, a disabled strategy has no
#   broker stage, and `enabled` is explicit, never left to the default.
# custom:
#   codes:
#     catalog_broken: The catalog would not be a list of named strategies.
#     strategy_twice: Two strategies would have the same name.
#     strategy_ref: A capital authority would refer to another strategy.
#     authority_reused: A capital authority would change without a new id, or share its id with another one.
#     stage_of_disabled: A disabled strategy would have a broker stage.
#     enabled_by_default: A strategy would be enabled by default; an absent `enabled` means on.
#     strategy_missing: A strategy would be removed from the catalog; the service disables it.
#     strategy_enabled: A strategy would be enabled.
#   go_on: >-
#     Set `enabled` on each strategy, keep names unique, and give a capital authority a new `authority_id` whenever it
#     changes.
#   change: >-
#     `is_catalog_key` decides which texts are catalogs, `broker_stages` which stages let orders through. Both follow
#     the service's loader.
#   example:
#     code: enabled_by_default
#     file: strategy-configmap.yaml
#     from: "        enabled: false\n"
#     to: ""
package writ.catalog_integrity

import rego.v1

import data.writ.lib.objects

is_catalog_key(key) if key in {"strategies.yaml", "strategies.yml", "strategies.json"}

# The catalogs to check: only those of touched objects.
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
	message := sprintf("%s would have no catalog: every strategy would stop", [objects.title(subject)])
	remedy := "keep the catalog under its key"
}

place(key, index, field) := sprintf("/data/%s/strategies/%d/%s", [key, index, field])

deny contains objects.finding("strategy_twice", message, side.path, place(key, index, "name"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	namesakes := [other | some other in strategies(side, key); other.name == strategy.name]
	count(namesakes) > 1
	count(before(subject, strategy.name)) < count(namesakes)
	message := sprintf("the strategy `%v` would appear %d times", [strategy.name, count(namesakes)])
	remedy := "give each strategy a unique name"
}

deny contains objects.finding("strategy_ref", message, side.path, place(key, index, "capital_authority/strategy_ref"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	authority := objects.map(strategy.capital_authority)
	ref := object.get(authority, "strategy_ref", null)
	ref != strategy.name
	not ref in {object.get(objects.map(known.capital_authority), "strategy_ref", null) | some known in before(subject, strategy.name)}
	message := sprintf("the capital authority of `%v` would refer to `%v`", [strategy.name, ref])
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
	message := sprintf("the capital authority of `%v` would change without a new id: it keeps `%v`", [strategy.name, authority.authority_id])
	remedy := "give the changed authority a new `authority_id`"
}

deny contains objects.finding("authority_reused", message, side.path, place(key, index, "capital_authority/authority_id"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	id := strategy.capital_authority.authority_id
	sharers := {other.name | some other in strategies(side, key); other.capital_authority.authority_id == id}
	count(sharers) > 1
	not was_shared(subject, id)
	message := sprintf("the capital authority `%v` would belong to several strategies", [id])
	remedy := "give each strategy its own `authority_id`"
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
	message := sprintf("the strategy `%v` is disabled and would have the stage `%v`", [strategy.name, strategy.capital_authority.stage])
	remedy := "lower the stage before disabling the strategy"
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

# Enabled by default, although it was off or absent before.
deny contains objects.finding("enabled_by_default", message, side.path, place(key, index, "enabled"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	not is_boolean(object.get(strategy, "enabled", null))
	not was_on(subject, strategy.name)
	message := sprintf("the strategy `%v` would be enabled by default: `enabled` is neither true nor false", [strategy.name])
	remedy := "write `enabled: false`, or `enabled: true` if that is intended"
}

warn contains objects.finding("strategy_enabled", message, side.path, place(key, index, "enabled"), remedy) if {
	some [subject, side, key] in catalogs
	some index, strategy in strategies(side, key)
	strategy.enabled == true
	not was_on(subject, strategy.name)
	message := sprintf("the strategy `%v` would be enabled", [strategy.name])
	remedy := "approve only if you have seen its evidence"
}

# Removal: a person may decide to remove a strategy; for a procedure it is damage.

missing contains [subject, name] if {
	some subject in objects.touched
	count(subject.head) > 0
	some text in subject.base[_].embedded
	some strategy in objects.list(text.value.strategies)
	name := strategy.name
	is_readable(subject)
	count([other | some other in objects.list(subject.head[_].embedded[_].value.strategies); other.name == name]) == 0
}

# Another rule reports what does not parse.
is_readable(subject) if {
	every text in [text | some text in subject.head[_].embedded] {
		not text.problem
	}
}

deny contains objects.finding("strategy_missing", message, objects.path(subject), "/data", remedy) if {
	objects.risk != "none"
	some [subject, name] in missing
	message := sprintf("the strategy `%v` would be removed from the catalog", [name])
	remedy := "disable it with `enabled: false` instead"
}

warn contains objects.finding("strategy_missing", message, objects.path(subject), "/data", remedy) if {
	objects.risk == "none"
	some [subject, name] in missing
	message := sprintf("the strategy `%v` would be removed from the catalog: the service disables it", [name])
	remedy := "approve only if the removal is intended; its positions stay open until someone closes them"
}
