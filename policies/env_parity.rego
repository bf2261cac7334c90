# METADATA
# title: API and scheduler have the same settings
# description: |
#   The trading service runs twice from one image: as the API and as the scheduler. Both must have the same settings, or
#   they disagree about what is allowed. Only a few variables are specific to one of them. A change to one side alone is
#   a warning for people; a procedure must write both sides, unless it is a containment, which is never held back.
# custom:
#   codes:
#     env_parity: A variable would be set differently on the API and on the scheduler.
#     parity_restored: A variable was set differently on the API and on the scheduler; this change makes both equal.
#   go_on: >-
#     Make the same change in the other file. If a pull request changes one side on purpose, say so in its description.
#   change: >-
#     `own` lists the variables that are specific to one side.
#   example:
#     code: env_parity
#     file: scheduler-deployment.yaml
#     from: "value: model-a\n"
#     to: "value: model-b\n"
package writ.env_parity

import rego.v1

import data.writ.lib.objects
import data.writ.lib.roles
import data.writ.lib.settings

own := {
	"TORGHUT_PROCESS_ROLE",
	"TRADING_ENABLED",
	"TRADING_SCHEDULER_LEADERSHIP_REQUIRED",
	"TRADING_SCHEDULER_LEADERSHIP_CHECK_SECONDS",
}

# Variables that differ now and that this change touched.
apart contains [api, scheduler, name] if {
	some api in roles.in_role("api", "head")
	some scheduler in roles.in_role("scheduler", "head")
	some changed in [api, scheduler]
	changed.touched
	some name in changed.differing
	not name in own
	settings.said(api.head, name) != settings.said(scheduler.head, name)
}

was_apart(name) if {
	some api in roles.in_role("api", "base")
	some scheduler in roles.in_role("scheduler", "base")
	settings.said(api.base, name) != settings.said(scheduler.base, name)
}

# A change that must cover both sides: a procedure's, except a containment.
is_planned if objects.risk in {"restoring", "promotion", "live"}

deny contains entry if {
	is_planned
	some [api, scheduler, name] in apart
	not was_apart(name)
	entry := told(api, scheduler, name)
}

warn contains entry if {
	some [api, scheduler, name] in apart
	not is_denied(name)
	entry := told(api, scheduler, name)
}

# A pre-existing difference that ends here: reported, so that the reader knows that this change does more than it seems.
warn contains objects.finding("parity_restored", message, objects.path(one), settings.pointer(one, name), remedy) if {
	some api in roles.in_role("api", "base")
	some scheduler in roles.in_role("scheduler", "base")
	some one in [api, scheduler]
	one.touched
	some name in one.differing
	not name in own
	settings.said(api.base, name) != settings.said(scheduler.base, name)
	settings.said(api.head, name) == settings.said(scheduler.head, name)
	message := sprintf("`%s` was %s on %s and %s on %s; this change makes them equal", [
		name,
		settings.words(api.base, name), objects.title(api),
		settings.words(scheduler.base, name), objects.title(scheduler),
	])
	remedy := "nothing to do; note that the two disagreed until now"
}

is_denied(name) if {
	is_planned
	not was_apart(name)
}

told(api, scheduler, name) := objects.finding("env_parity", message, objects.path(one), settings.pointer(one, name), remedy) if {
	one := changed_one(api, scheduler, name)
	message := sprintf("`%s` would be %s on %s and %s on %s", [
		name,
		settings.words(api.head, name), objects.title(api),
		settings.words(scheduler.head, name), objects.title(scheduler),
	])
	remedy := "set the same value in both files, in the same change"
}

# The object to report: the one that this change altered.
changed_one(api, _, name) := api if {
	api.touched
	name in api.differing
} else := scheduler_of(name)

scheduler_of(name) := scheduler if {
	some scheduler in roles.in_role("scheduler", "head")
	name in scheduler.differing
}
