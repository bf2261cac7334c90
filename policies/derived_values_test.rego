package writ.derived_values_test

import rego.v1

import data.writ.derived_values
import data.writ.lib.given

right := {"UNIVERSE_SYMBOLS": "B,A", "UNIVERSE_SYMBOL_HASH": crypto.sha256("A,B")}

test_a_hash_of_other_symbols_is_denied if {
	given.codes(derived_values.deny) == {"symbol_hash"} with input as given.variables(right, object.union(right, {"UNIVERSE_SYMBOLS": "A,B,C"}))
}

test_a_hash_that_was_wrong_is_reported if {
	wrong := {"UNIVERSE_SYMBOLS": "A", "UNIVERSE_SYMBOL_HASH": "0"}
	count(derived_values.deny) == 0 with input as given.variables(wrong, object.union(wrong, {"UNIVERSE_SYMBOLS": "B"}))
	given.codes(derived_values.standing) == {"symbol_hash"} with input as given.variables(wrong, object.union(wrong, {"UNIVERSE_SYMBOLS": "B"}))
}

test_the_order_of_symbols_does_not_count if {
	count(derived_values.deny) == 0 with input as given.variables(right, object.union(right, {"UNIVERSE_SYMBOLS": "A, B"}))
}

test_lists_that_differ_are_denied if {
	given.codes(derived_values.deny) == {"symbol_lists"} with input as given.variables({"SYMBOLS": "A", "SYMBOLS_ALLOWLIST": "A"}, {"SYMBOLS": "A,B", "SYMBOLS_ALLOWLIST": "A"})
}
