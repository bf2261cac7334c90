package writ.ai_advisory_test

import rego.v1

import data.writ.ai_advisory
import data.writ.lib.given

trading(variables) := object.union({"TRADING_MODE": "paper"}, variables)

test_the_end_of_the_shadow_is_denied if {
	given.codes(ai_advisory.deny) == {"ai_authority"} with input as given.variables({"LLM_SHADOW_MODE": "true"}, {"LLM_SHADOW_MODE": "false"})
}

test_into_the_shadow_is_fine if {
	count(ai_advisory.deny) == 0 with input as given.variables({"LLM_SHADOW_MODE": "false"}, {"LLM_SHADOW_MODE": "true"})
}

test_the_model_removed_from_the_variables_is_on if {
	given.codes(ai_advisory.deny) == {"ai_authority"} with input as given.variables(trading({"LLM_ENABLED": "false"}), trading({}))
}

test_passing_when_the_model_fails_is_denied if {
	given.codes(ai_advisory.deny) == {"ai_fails_open"} with input as given.variables({"LLM_FAIL_MODE": "veto"}, {"LLM_FAIL_MODE": "pass_through"})
}

evidence := {"LLM_EVALUATION_REPORT": "r", "LLM_EFFECTIVE_CHALLENGE_ID": "c", "LLM_SHADOW_COMPLETED_AT": "t"}

test_a_stage_needs_its_evidence if {
	base := {"LLM_ROLLOUT_STAGE": "stage1_shadow_pilot"}
	given.codes(ai_advisory.deny) == {"ai_stage"} with input as given.variables(base, {"LLM_ROLLOUT_STAGE": "stage2_paper_advisory"})
	count(ai_advisory.deny) == 0 with input as given.variables(base, object.union(evidence, {"LLM_ROLLOUT_STAGE": "stage2_paper_advisory"}))
	given.codes(ai_advisory.deny) == {"ai_stage"} with input as given.variables(base, object.union(evidence, {"LLM_ROLLOUT_STAGE": "stage3_controlled_live"}))
}

test_a_model_is_on_the_list if {
	list := {"LLM_ALLOWED_MODELS": "one, two", "LLM_MODEL": "one"}
	given.codes(ai_advisory.deny) == {"ai_unlocked"} with input as given.variables(list, object.union(list, {"LLM_MODEL": "three"}))
	count(ai_advisory.deny) == 0 with input as given.variables(list, object.union(list, {"LLM_MODEL": "two"}))
}
