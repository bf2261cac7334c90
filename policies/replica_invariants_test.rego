package writ.replica_invariants_test

import rego.v1

import data.writ.lib.given
import data.writ.replica_invariants

scheduler(replicas) := {"kind": "Deployment", "spec": {"replicas": replicas, "strategy": {"type": "Recreate"}, "template": {"spec": {}}}}

change(base, head) := given.values({"kind": "Deployment", "name": "torghut-scheduler"}, base, head)

test_two_schedulers_are_denied if {
	given.codes(replica_invariants.deny) == {"scheduler_replicas"} with input as change(scheduler(1), scheduler(2))
}

test_a_pause_is_fine if {
	count(replica_invariants.deny | replica_invariants.warn) == 0 with input as change(scheduler(1), scheduler(0))
}

test_a_start_is_told if {
	given.codes(replica_invariants.warn) == {"scheduler_started"} with input as change(scheduler(0), scheduler(1))
}

knative(scale) := {"kind": "Service", "spec": {"template": {"metadata": {"annotations": {"autoscaling.knative.dev/maxScale": scale}}}}}

test_a_knative_service_runs_once if {
	given.codes(replica_invariants.deny) == {"knative_scale"} with input as given.values({"group": "serving.knative.dev", "kind": "Service", "name": "torghut"}, knative("1"), knative("2"))
	count(replica_invariants.deny) == 0 with input as given.values({"group": "", "kind": "Service", "name": "torghut"}, knative("1"), knative("2"))
}
