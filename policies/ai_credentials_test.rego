package writ.ai_credentials_test

import rego.v1

import data.writ.ai_credentials
import data.writ.lib.given

read(name, secret) := given.objects([object.union(
	given.touched(
		{"kind": "Deployment", "name": "torghut-scheduler"},
		given.side({}, {}),
		given.side({}, {"settings": {name: [{"pointer": "/env", "from": {"secretKeyRef": {"name": secret, "key": "k"}}}]}}),
	),
	{"differing": [name]},
)])

test_the_brokers_key_under_another_name_is_denied if {
	given.codes(ai_credentials.deny) == {"ai_credential"} with input as read("NEWS_KEY", "torghut-alpaca")
}

test_the_brokers_key_under_its_name_is_fine if {
	count(ai_credentials.deny) == 0 with input as read("APCA_API_KEY_ID", "torghut-alpaca")
}

test_a_models_key_from_a_database_is_denied if {
	given.codes(ai_credentials.deny) == {"ai_credential"} with input as read("LLM_API_KEY", "torghut-db-app")
}

test_a_models_own_key_is_fine if {
	count(ai_credentials.deny) == 0 with input as read("LLM_API_KEY", "torghut-model")
}
