package writ.flink_restarts_test

import rego.v1

import data.writ.flink_restarts
import data.writ.lib.given

job(nonce) := {"kind": "FlinkDeployment", "spec": {"restartNonce": nonce, "job": {"state": "running"}}}

change(base, head) := given.values({"kind": "FlinkDeployment", "name": "ta"}, base, head)

test_the_nonce_counts_up if {
	count(flink_restarts.deny) == 0 with input as change(job(1), job(2))
	every nonce in [0, "2", 1.5, null] {
		given.codes(flink_restarts.deny) == {"nonce_not_increased"} with input as change(job(1), job(nonce))
	}
}

test_a_state_is_one_that_the_operator_knows if {
	stopped := object.union(job(1), {"spec": {"job": {"state": "stopped"}}})
	given.codes(flink_restarts.deny) == {"job_state"} with input as change(job(1), stopped)
	count(flink_restarts.deny) == 0 with input as change(stopped, stopped)
}
