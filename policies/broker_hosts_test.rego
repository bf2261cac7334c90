package writ.broker_hosts_test

import rego.v1

import data.writ.broker_hosts
import data.writ.lib.given

says(text) := given.values({"kind": "ConfigMap", "name": "a"}, {"kind": "ConfigMap"}, {"kind": "ConfigMap", "data": {"run.sh": text}})

test_the_live_host_is_denied if {
	given.codes(broker_hosts.deny) == {"live_broker"} with input as says("curl https://API.alpaca.markets/v2/orders")
}

test_the_paper_host_and_market_data_are_fine if {
	count(broker_hosts.deny) == 0 with input as says("https://paper-api.alpaca.markets wss://stream.data.alpaca.markets https://data.alpaca.markets")
}
