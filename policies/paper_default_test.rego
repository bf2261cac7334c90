package writ.paper_default_test

import rego.v1

import data.writ.lib.given
import data.writ.paper_default

test_standing_live_mode_is_told_and_not_denied if {
	change := given.variables({"TRADING_MODE": "live"}, {"TRADING_MODE": "live", "A": "b"})
	given.codes(paper_default.standing) == {"standing_live"} with input as change
	count(paper_default.deny) == 0 with input as change
}

test_new_live_mode_is_another_rules_finding if {
	count(paper_default.standing) == 0 with input as given.variables({"TRADING_MODE": "paper"}, {"TRADING_MODE": "live"})
}

pod(container) := {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [container]}}}}

trading(container) := given.side(pod(container), given.set({"TRADING_MODE": "paper"}))

hidden(entry) := given.objects([given.touched({"kind": "Deployment", "name": "app"}, trading({"name": "app"}), trading({"name": "app", "envFrom": [entry]}))])

test_settings_from_a_secret_are_denied if {
	given.codes(paper_default.deny) == {"hidden_settings"} with input as hidden({"secretRef": {"name": "any"}})
}

test_settings_from_a_map_that_is_not_here_are_denied if {
	given.codes(paper_default.deny) == {"hidden_settings"} with input as hidden({"configMapRef": {"name": "any"}})
}

test_a_command_line_that_sets_the_mode_is_denied if {
	base := given.side(pod({"name": "app"}), {})
	head := given.side(pod({"name": "app", "args": ["TRADING_MODE=live app"]}), {})
	given.codes(paper_default.deny) == {"inline_setting"} with input as given.objects([given.touched({"kind": "Deployment", "name": "app"}, base, head)])
}

test_a_pipeline_starts_on_paper if {
	given.codes(paper_default.deny) == {"default_mode"} with input as given.texts("dag.yaml", {"pipeline": {"default_mode": "paper"}}, {"pipeline": {"default_mode": "live"}})
}
