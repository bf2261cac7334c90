package writ.data_kept_test

import rego.v1

import data.writ.data_kept
import data.writ.lib.given

removed(identity) := given.objects([given.touched(identity, given.side({"kind": identity.kind}, {}), [])])

test_a_database_that_disappears_is_denied if {
	given.codes(data_kept.deny) == {"store_removed"} with input as removed({"group": "postgresql.cnpg.io", "kind": "Cluster", "name": "torghut-db"})
}

test_another_cluster_is_no_database if {
	count(data_kept.deny) == 0 with input as removed({"group": "other", "kind": "Cluster", "name": "torghut-db"})
}

test_a_claim_is_asked_about if {
	given.codes(data_kept.review) == {"data_unprotected"} with input as removed({"kind": "PersistentVolumeClaim", "name": "data"})
}

test_a_budget_is_asked_about if {
	given.codes(data_kept.review) == {"protection_removed"} with input as removed({"kind": "PodDisruptionBudget", "name": "keeper"})
}

test_a_finished_job_may_go if {
	count(data_kept.review | data_kept.deny) == 0 with input as removed({"kind": "Job", "name": "schema"})
}
