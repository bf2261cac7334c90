# METADATA
# title: Models advise, rules decide
# description: |
#   A language model may comment on trades; deterministic limits decide. A change may not give a model's answer more
#   weight: it may not end shadow mode, let trades pass when the model fails, let the model adjust orders, or move it to
#   a later stage without the evidence that the stage requires. Removing a variable counts as setting the service's
#   default.
# custom:
#   codes:
#     ai_authority: A model's answer would gain weight.
#     ai_fails_open: Trades would pass when the model fails or abstains.
#     ai_stage: The rollout of the model would move to a later stage.
#     ai_unlocked: The model would not be on its allowlist, or an allowlist of models or prompts would be removed.
#     ai_released: A restoring procedure gives back the weight that a containment procedure took away.
#   go_on: >-
#     Leave the model in shadow mode. To promote it, set the evaluation report, the challenge id and the completion time
#     of shadow mode together with the stage, and have someone approve who has read them.
#   change: >-
#     `policies/settings.yaml` lists the variables with the service's defaults; `weighs` says which of them count here.
#   example:
#     code: ai_fails_open
#     file: scheduler-deployment.yaml
#     from: "value: veto"
#     to: "value: pass_through"
package writ.ai_advisory

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.table

remedy := "leave the model in shadow mode; a later stage needs an evaluation, a challenge and an approval"

# Settings of the model that the table says to be strict; the stage has rules of its own.
weighs(name) if {
	regex.match(`^LLM_|^TRADING_EXECUTION_ADVISOR_ENABLED$`, name)
	name != "LLM_ROLLOUT_STAGE"
	table.is_strict(name)
	not table.is_compared_whole(name)
}

heavier contains [subject, name] if {
	some subject in objects.touched
	count(subject.head) > 0
	some name in subject.differing
	weighs(name)
	table.danger(subject.head, name) > before(subject, name)
}

# A new object had no model.
before(subject, name) := table.danger(subject.base, name) if settings.trades(subject.base)

before(subject, _) := 0 if not settings.trades(subject.base)

# A restoring procedure may give back what a containment procedure took, and nothing else.
is_released(name) if {
	objects.risk == "restoring"
	name in {"LLM_SHADOW_MODE", "LLM_ENABLED"}
}

code_of(name) := "ai_fails_open" if {
	contains(name, "FAIL")
} else := "ai_authority"

deny contains objects.finding(code_of(name), message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some [subject, name] in heavier
	not is_released(name)
	message := sprintf("gives the model more weight: %s", [settings.transition(subject, name)])
}

warn contains objects.finding("ai_released", message, objects.path(subject), settings.pointer(subject, name), advice) if {
	some [subject, name] in heavier
	is_released(name)
	message := sprintf("restores the model's previous weight: %s", [settings.transition(subject, name)])
	advice := "approve only if the cause of the containment is understood and resolved"
}

# Stages: `stage0_baseline`, `stage1_shadow_pilot`, `stage2_paper_advisory`, `stage3_controlled_live`.

stage(sides) := max({rank_of(occurrence) | some occurrence in settings.occurrences(sides, "LLM_ROLLOUT_STAGE")}) if {
	count(settings.occurrences(sides, "LLM_ROLLOUT_STAGE")) > 0
} else := rank_of({"value": table.row("LLM_ROLLOUT_STAGE").default}) if {
	settings.trades(sides)
} else := 0

rank_of(occurrence) := to_number(substring(settings.plain(occurrence), 5, 1)) if {
	regex.match(`^stage[0-3](_[a-z_]+)?$`, settings.plain(occurrence))
} else := settings.worst

rises contains subject if {
	some subject in objects.touched
	"LLM_ROLLOUT_STAGE" in subject.differing
	stage(subject.head) > stage(subject.base)
}

# A stage after the shadow stage needs evidence, and the live stage its own procedure.
is_earned(subject) if stage(subject.head) < 2

is_earned(subject) if {
	stage(subject.head) == 2
	every name in ["LLM_EVALUATION_REPORT", "LLM_EFFECTIVE_CHALLENGE_ID", "LLM_SHADOW_COMPLETED_AT"] {
		count(settings.literals(subject.head, name) - {""}) > 0
	}
}

deny contains objects.finding("ai_stage", message, objects.path(subject), settings.pointer(subject, "LLM_ROLLOUT_STAGE"), remedy) if {
	some subject in rises
	not is_earned(subject)
	message := sprintf("moves the model to a stage without the required evidence: %s", [settings.transition(subject, "LLM_ROLLOUT_STAGE")])
}

warn contains objects.finding("ai_stage", message, objects.path(subject), settings.pointer(subject, "LLM_ROLLOUT_STAGE"), advice) if {
	some subject in rises
	is_earned(subject)
	message := sprintf("moves the model to a later stage: %s", [settings.transition(subject, "LLM_ROLLOUT_STAGE")])
	advice := "approve only after reading the evaluation that the stage requires"
}

# Allowlists.

deny contains objects.finding("ai_unlocked", message, objects.path(subject), settings.pointer(subject, name), advice) if {
	some subject in objects.touched
	count(subject.head) > 0
	some name in {"LLM_ALLOWED_MODELS", "LLM_ALLOWED_PROMPT_VERSIONS", "LLM_MODEL_VERSION_LOCK"}
	name in subject.differing
	count(settings.literals(subject.base, name) - {""}) > 0
	count(settings.literals(subject.head, name) - {""}) == 0
	message := sprintf("the allowlist would be removed: %s", [settings.transition(subject, name)])
	advice := "keep the list; add models and prompts to it once they are evaluated"
}

deny contains objects.finding("ai_unlocked", message, objects.path(subject), settings.pointer(subject, "LLM_MODEL"), advice) if {
	some subject in objects.touched
	"LLM_MODEL" in subject.differing
	some list in settings.literals(subject.head, "LLM_ALLOWED_MODELS")
	allowed := {trim_space(one) | some one in split(list, ",")}
	some model in settings.literals(subject.head, "LLM_MODEL")
	not model in allowed
	message := sprintf("the model is not in `LLM_ALLOWED_MODELS`: %s", [settings.transition(subject, "LLM_MODEL")])
	advice := "add the model to the list in the same change, if it has been evaluated"
}
