package writ.no_secrets_test

import rego.v1

import data.writ.lib.given
import data.writ.no_secrets

test_a_literal_password_is_denied if {
	given.codes(no_secrets.deny) == {"secret_literal"} with input as given.variables({}, {"DB_PASSWORD": "hunter2-and-more"})
}

test_names_that_only_sound_like_secrets_are_fine if {
	count(no_secrets.deny) == 0 with input as given.variables({}, {"LLM_TOKEN_BUDGET_MAX": "1000", "SECRET_BINDING_REF": "a", "KEY_PATH": "/etc/key"})
}

test_a_secret_with_values_is_denied if {
	secret := {"kind": "Secret", "stringData": {"a": "b"}}
	given.codes(no_secrets.deny) == {"secret_value"} with input as given.values({"group": "", "kind": "Secret", "name": "s"}, {"kind": "Secret"}, secret)
}

test_procedures_leave_sealed_secrets_alone if {
	change := given.values({"group": "bitnami.com", "kind": "SealedSecret", "name": "s"}, {"a": 1}, {"a": 2})
	given.codes(no_secrets.deny) == {"secret_object"} with input as object.union(change, {"request": given.request("containment")})
	given.codes(no_secrets.warn) == {"secret_changed"} with input as change
}
