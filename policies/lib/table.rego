# The table of settings (`settings.yaml`): which direction of a setting is risky, and what its absence means.
package writ.lib.table

import rego.v1

import data.writ.lib.settings

row(name) := data.settings[name]

is_known(name) if data.settings[name]

class(name) := data.settings[name].class

is_strict(name) if data.settings[name].strict

# Classes that say nothing about a single value.
is_compared_whole(name) if {
	class(name) in {"identity", "neutral", "list_guards", "list_allows", "map_more_is_riskier", "map_less_is_riskier"}
}

# The danger of one occurrence: a number, higher is more dangerous; what cannot be interpreted is the most dangerous.
danger_of(name, occurrence) := settings.danger_when_on(occurrence) if {
	class(name) == "on_is_dangerous"
} else := settings.danger_when_off(occurrence) if {
	class(name) == "off_is_dangerous"
} else := settings.danger_of_word(occurrence, row(name).words) if {
	class(name) == "words"
} else := settings.danger_of_time(occurrence) if {
	class(name) == "time"
} else := number(occurrence) if {
	class(name) == "more_is_riskier"
} else := 0 - number(occurrence) if {
	class(name) == "less_is_riskier"
	number(occurrence)
} else := number(occurrence) if {
	class(name) == "limit"
	number(occurrence) > 0
} else := instant(occurrence) if {
	class(name) == "expiry"
} else := settings.worst

number(occurrence) := to_number(trim_space(occurrence.value)) if {
	regex.match(`^-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$`, trim_space(occurrence.value))
}

# Seconds since 2000, roughly: only its order counts.
instant(occurrence) := seconds if {
	text := trim_space(occurrence.value)
	regex.match(`^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$`, text)
	part := [settings.two_digits(substring(text, start, 2)) | some start in [2, 5, 8, 11, 14, 17]]
	seconds := ((((((((part[0] * 372) + (part[1] * 31)) + part[2]) * 24) + part[3]) * 60) + part[4]) * 60) + part[5]
}

# What the absence of a setting means: its default, if it has one. A limit and a time that are absent limit nothing.
absent(name) := settings.worst if {
	class(name) in {"limit", "time", "expiry"}
} else := danger_of(name, {"value": row(name).default})

absent(name) := settings.worst if {
	not class(name) in {"limit", "time", "expiry"}
	not row(name).default
}

# The danger of a side of an object that trades: its worst occurrence, else what the absence means.
danger(sides, name) := max([danger_of(name, occurrence) | some occurrence in found]) if {
	found := settings.occurrences(sides, name)
	count(found) > 0
} else := absent(name)
