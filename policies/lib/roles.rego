# The roles in which the trading service runs. A package of its own, as `writ.lib.digests` is.
package writ.lib.roles

import rego.v1

import data.writ.lib.settings

# The trading service in one of its roles (`api`, `scheduler`): the applied objects with that role on a side.
in_role(role, side) := [subject | some [played, subject] in known[side]; played == role]

# Every role on both sides; found once, however many are asked for.
known := {side: [[settings.plain(occurrence), subject] |
	some subject in input.objects
	subject.applied
	some one in subject[side]
	some occurrence in one.settings.TORGHUT_PROCESS_ROLE
] |
	some side in ["base", "head"]
}
