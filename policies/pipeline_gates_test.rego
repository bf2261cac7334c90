package writ.pipeline_gates_test

import rego.v1

import data.writ.lib.given
import data.writ.pipeline_gates

pipeline := {
	"deterministic_checkpoints": ["gates", "firewall"],
	"stages": [
		{"id": "build", "next_on_pass": "gates", "next_on_fail": "research_intake"},
		{"id": "gates", "next_on_pass": "live", "next_on_fail": "research_intake"},
		{"id": "live", "next_on_fail": "rollback_incident_workflow"},
	],
}

changed(patch) := given.texts("dag.yaml", {"pipeline": pipeline}, {"pipeline": object.union(pipeline, patch)})

test_a_lost_checkpoint_is_denied if {
	given.codes(pipeline_gates.deny) == {"pipeline_weakened"} with input as changed({"deterministic_checkpoints": ["gates"]})
}

test_a_skipped_gate_is_denied if {
	stages := array.concat([object.union(pipeline.stages[0], {"next_on_pass": "live"})], array.slice(pipeline.stages, 1, 3))
	given.codes(pipeline_gates.deny) == {"pipeline_weakened"} with input as changed({"stages": stages})
}

test_a_failure_that_goes_live_is_denied if {
	stages := array.concat([object.union(pipeline.stages[0], {"next_on_fail": "live"})], array.slice(pipeline.stages, 1, 3))
	given.codes(pipeline_gates.deny) == {"pipeline_weakened"} with input as changed({"stages": stages})
}

test_a_stage_in_between_is_fine if {
	stages := array.concat(
		[object.union(pipeline.stages[0], {"next_on_pass": "review"}), {"id": "review", "next_on_pass": "gates", "next_on_fail": "research_intake"}],
		array.slice(pipeline.stages, 1, 3),
	)
	count(pipeline_gates.deny) == 0 with input as changed({"stages": stages})
}
