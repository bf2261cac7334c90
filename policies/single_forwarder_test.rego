package writ.single_forwarder_test

import rego.v1

import data.writ.lib.given
import data.writ.single_forwarder

forwarder(replicas) := {"kind": "Deployment", "spec": {"replicas": replicas, "strategy": {"type": "Recreate"}, "template": {"spec": {}}}}

change(base, head) := given.values({"kind": "Deployment", "name": "torghut-ws"}, base, head)

test_two_forwarders_are_denied if {
	given.codes(single_forwarder.deny) == {"forwarder_replicas"} with input as change(forwarder(1), forwarder(2))
}

test_two_that_were_two_are_reported if {
	count(single_forwarder.deny) == 0 with input as change(forwarder(2), forwarder(2))
	given.codes(single_forwarder.standing) == {"forwarder_replicas"} with input as change(forwarder(2), forwarder(2))
}

test_from_two_to_one_is_fine if {
	count(single_forwarder.deny | single_forwarder.warn) == 0 with input as change(forwarder(2), forwarder(1))
}

test_a_rolled_forwarder_is_denied if {
	recreated := forwarder(1)
	rolled := json.patch(recreated, [{"op": "remove", "path": "/spec/strategy"}])
	given.codes(single_forwarder.deny) == {"forwarder_strategy"} with input as change(recreated, rolled)
}

test_the_image_elsewhere_is_a_second_forwarder if {
	head := given.side({"kind": "CronJob"}, {"images": [{"pointer": "/x", "image": "lab/torghut-ws:v1"}]})
	given.codes(single_forwarder.deny) == {"second_forwarder"} with input as given.objects([given.touched({"kind": "CronJob", "name": "quotes"}, [], head)])
}
