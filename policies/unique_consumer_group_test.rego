package writ.unique_consumer_group_test

import rego.v1

import data.writ.lib.given
import data.writ.unique_consumer_group

change(base, head, history) := object.union(given.variables({"TA_GROUP_ID": base}, {"TA_GROUP_ID": head}), {"history": history})

held(values) := [{"path": "argocd/applications/torghut/object.yaml", "name": "TA_GROUP_ID", "values": values}]

test_a_new_group_is_fine if {
	count(unique_consumer_group.deny | unique_consumer_group.warn) == 0 with input as change("live", "replay-2", held(["live", "replay-1"]))
}

test_an_old_group_is_denied if {
	given.codes(unique_consumer_group.deny) == {"group_reused"} with input as change("live", "older", held(["live", "old", "older"]))
}

test_a_replays_group_is_denied_although_it_was_the_last if {
	given.codes(unique_consumer_group.deny) == {"group_reused"} with input as change("live", "replay-1", held(["live", "replay-1"]))
}

test_the_group_before_is_how_a_replay_ends if {
	count(unique_consumer_group.deny) == 0 with input as change("replay-1", "live", held(["replay-1", "live"]))
	given.codes(unique_consumer_group.warn) == {"group_returns"} with input as change("replay-1", "live", held(["replay-1", "live"]))
}

test_what_nobody_read_is_denied_to_procedures if {
	given.codes(unique_consumer_group.warn) == {"group_unknown"} with input as change("live", "new", null)
	given.codes(unique_consumer_group.deny) == {"group_unknown"} with input as object.union(change("live", "new", null), {"request": given.request("restoring")})
}
