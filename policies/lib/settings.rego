# The danger of a setting's value: a number, higher is more dangerous.
#
# A value that cannot be interpreted (from a secret, not a truth value, not a number) counts as the most dangerous one,
# so a rule that compares head with base fails closed.
package writ.lib.settings

import rego.v1

# Truth values as the service's settings class reads them.
truths := {"1", "true", "t", "yes", "y", "on"}

falsehoods := {"0", "false", "f", "no", "n", "off"}

worst := 1000000000

# What a command line may not do: assign a setting that guards trading.
assignment := `(TRADING_(MODE|ENABLED|ACCOUNT|KILL_SWITCH|EMERGENCY_STOP|ALLOW_|AUTONOMY_|[A-Z_]*(LIVE|SUBMIT|_MAX_|_STOP_|CUTOFF|FLAT))|LLM_(ENABLED|SHADOW_MODE|FAIL|ADJUSTMENT)|APCA_API_BASE_URL)[A-Z_]*["']?\]?[ \t]*=`

plain(occurrence) := lower(trim_space(occurrence.value))

is_text(occurrence, text) if trim_space(occurrence.value) == text

is_true(occurrence) if plain(occurrence) in truths

is_false(occurrence) if plain(occurrence) in falsehoods

# A switch that is dangerous when it is on.
danger_when_on(occurrence) := 0 if {
	is_false(occurrence)
} else := 1 if {
	is_true(occurrence)
} else := worst

# A switch that is dangerous when it is off.
danger_when_off(occurrence) := 0 if {
	is_true(occurrence)
} else := 1 if {
	is_false(occurrence)
} else := worst

# Words in order of danger, the safest first.
danger_of_word(occurrence, words) := index if {
	some index, word in words
	word == plain(occurrence)
} else := worst

# Caps: the number itself.
danger_of_cap(occurrence) := to_number(trim_space(occurrence.value)) if {
	regex.match(`^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$`, trim_space(occurrence.value))
} else := worst

# Times of day: seconds since midnight.
danger_of_time(occurrence) := seconds if {
	regex.match(`^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$`, trim_space(occurrence.value))
	parts := split(trim_space(occurrence.value), ":")
	seconds := (two_digits(parts[0]) * 3600) + (two_digits(parts[1]) * 60)
} else := worst

# `09` is not a JSON number; `109` is.
two_digits(text) := to_number(concat("", ["1", text])) - 100

# The occurrences of a name on one side of an object, over all documents that declare the object.
occurrences(sides, name) := [occurrence |
	some side in sides
	some occurrence in side.settings[name]
]

# What people read: the value, or that it is a reference.
shown(occurrence) := "an empty value" if {
	trim_space(occurrence.value) == ""
} else := sprintf("`%s`", [trim_space(occurrence.value)]) if {
	is_string(occurrence.value)
} else := "a referenced value"

# A side of a setting in words.
words(sides, name) := concat(", ", [shown(occurrence) | some occurrence in occurrences(sides, name)]) if {
	count(occurrences(sides, name)) > 0
} else := "absent"

# `TRADING_MODE` of Deployment `torghut-scheduler`: `paper` → `live`
transition(subject, name) := sprintf("`%s` of %s `%s`: %s → %s", [
	name,
	subject.kind,
	subject.name,
	words(subject.base, name),
	words(subject.head, name),
])

# The pointer of a setting in the head, else in the base.
pointer(subject, name) := concat("", [found |
	some found in array.slice(pointers(subject, name), 0, 1)
])

pointers(subject, name) := array.concat(
	[occurrence.pointer | some occurrence in occurrences(subject.head, name)],
	[occurrence.pointer | some occurrence in occurrences(subject.base, name)],
)

# Whether sides belong to the trading service: an absent variable has the service's default there.
trades(sides) if count(occurrences(sides, "TRADING_MODE")) > 0

trades(sides) if count(occurrences(sides, "TORGHUT_PROCESS_ROLE")) > 0

# The literal values of a name on some sides, without blanks around them.
literals(sides, name) := {trim_space(occurrence.value) | some occurrence in occurrences(sides, name)}

# The values and references of a name's occurrences, without their pointers.
said(sides, name) := {object.remove(occurrence, ["pointer"]) | some occurrence in occurrences(sides, name)}
