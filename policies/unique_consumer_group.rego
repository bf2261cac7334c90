# METADATA
# title: A consumer group is used only once
# description: |
#   A consumer group remembers its offsets. A replay with a group that was used before starts from those offsets and
#   replays nothing, or everything; two jobs in one group take each other's records. So a group must be new and belong
#   to one job. Only the group that was set just before may return, which is how a replay ends.
# custom:
#   codes:
#     group_reused: A consumer group would be reused.
#     group_shared: Two jobs would share one consumer group.
#     group_returns: A job returns to its previous group.
#     group_unknown: The history was not read, so it is unknown whether the group was used before.
#   go_on: >-
#     Use a new group name that contains the replay's id. To end a replay, return to the previous group.
#   change: >-
#     `is_group` and `custom.history` list the settings that name a group; writ reads the history of the files that set
#     them.
#   history: [TA_GROUP_ID, ARCHIVE_GROUP_ID]
#   example:
#     code: group_shared
#     file: ta/configmap.yaml
#     from: "TA_GROUP_ID: \"torghut-ta-live\""
#     to: "TA_GROUP_ID: \"torghut-ta-sim-live\""
package writ.unique_consumer_group

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

# Settings that name a Flink job's consumer group.
is_group(name) if name in {"TA_GROUP_ID", "ARCHIVE_GROUP_ID"}

changed contains [subject, name, group] if {
	some subject in objects.touched
	some name in subject.differing
	is_group(name)
	some group in settings.literals(subject.head, name)
	not group in settings.literals(subject.base, name)
}

# The values that the setting had before this change, newest first; the newest is the base's own.
# `input.history`: `[{"path", "name", "values"}]`, `null` if it was not read.
former(subject, name) := [value |
	some entry in objects.list(input.history)
	entry.name == name
	entry.path == objects.path(subject)
	some value in entry.values
]

is_known(subject, name) if {
	some entry in objects.list(input.history)
	entry.name == name
	entry.path == objects.path(subject)
}

# The value before the base's.
last(subject, name) := other[0] if {
	other := [value | some value in former(subject, name); not value in settings.literals(subject.base, name)]
}

returns(subject, name, group) if {
	group == last(subject, name)
	not contains(group, "replay")
}

deny contains objects.finding("group_reused", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name, group] in changed
	group in former(subject, name)
	not returns(subject, name, group)
	message := sprintf("the consumer group `%s` was used before: %s", [group, settings.transition(subject, name)])
	remedy := "use a new group name that contains the replay's id"
}

warn contains objects.finding("group_returns", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name, group] in changed
	returns(subject, name, group)
	message := sprintf("the job returns to its previous group: %s", [settings.transition(subject, name)])
	remedy := "approve only if the job should continue from that group's offsets"
}

deny contains objects.finding("group_unknown", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	objects.risk != "none"
	some [subject, name, _] in changed
	not is_known(subject, name)
	message := sprintf("it is unknown whether the consumer group was used before: %s", [settings.transition(subject, name)])
	remedy := "fetch the full history of the file, then plan again"
}

warn contains objects.finding("group_unknown", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	objects.risk == "none"
	some [subject, name, _] in changed
	not is_known(subject, name)
	message := sprintf("it is unknown whether the consumer group was used before: %s", [settings.transition(subject, name)])
	remedy := "check the history of the file before you approve"
}

deny contains objects.finding("group_shared", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name, group] in changed
	some [other, title] in users[group]
	other != identity(subject)
	message := sprintf("the consumer group `%s` is already used by %s", [group, title])
	remedy := "give each job its own group"
}

# The objects that use each group; found once, however many groups are new.
users[group] contains [identity(other), objects.title(other)] if {
	some other in input.objects
	some side in other.head
	some name, _ in side.settings
	is_group(name)
	some group in settings.literals(other.head, name)
}

identity(subject) := [subject.group, subject.kind, subject.namespace, subject.name]
