# METADATA
# title: Only the broker's paper hosts
# description: |
#   The address of the broker decides whether money moves. A change may not bring in a host of the broker that is not for
#   paper trading, wherever the text is: a variable, an argument, a script, a template of a secret.
# custom:
#   codes:
#     live_broker: A host of the broker would appear that is not known to be for paper trading.
#   go_on: >-
#     Use `paper-api.alpaca.markets`. Market data has hosts of its own, which are fine.
#   change: >-
#     `host` is the pattern of the broker's trading hosts.
#   example:
#     code: live_broker
#     file: alloy-configmap.yaml
#     from: "\ndata:\n"
#     to: "\ndata:\n  broker.sh: curl https://api.alpaca.markets/v2/orders\n"
package writ.broker_hosts

import rego.v1

import data.writ.lib.objects

host := `(^|[^a-z0-9.-])((api|broker-api|broker|live-api|live)\.)?alpaca\.markets([^a-z0-9.-]|$)`

deny contains objects.finding("live_broker", message, side.path, "", remedy) if {
	some subject in objects.touched
	some side in subject.head
	speaks(side)
	not spoke(subject)
	message := sprintf("%s would name a host of the broker that is not for paper trading", [objects.title(subject)])
	remedy := "use `paper-api.alpaca.markets`, or a host of market data"
}

speaks(side) if {
	text := lower(json.marshal(side.value))
	contains(text, "alpaca.markets")
	regex.match(host, text)
}

spoke(subject) if {
	some side in subject.base
	speaks(side)
}
