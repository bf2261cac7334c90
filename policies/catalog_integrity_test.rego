package writ.catalog_integrity_test

import rego.v1

import data.writ.catalog_integrity
import data.writ.lib.given

one := {"name": "one", "enabled": true, "capital_authority": {"authority_id": "a1", "strategy_ref": "one", "stage": "shadow_allowed"}}

change(strategies) := given.texts("strategies.yaml", {"strategies": [one]}, {"strategies": strategies})

test_the_same_catalog_is_fine if {
	count(catalog_integrity.deny | catalog_integrity.warn) == 0 with input as change([one])
}

test_a_name_that_stands_twice_is_denied if {
	"strategy_twice" in given.codes(catalog_integrity.deny) with input as change([one, one])
}

test_an_authority_that_changes_needs_a_new_id if {
	authority := object.union(one.capital_authority, {"stage": "quarantined"})
	given.codes(catalog_integrity.deny) == {"authority_reused"} with input as change([object.union(one, {"capital_authority": authority})])
	count(catalog_integrity.deny) == 0 with input as change([object.union(one, {"capital_authority": object.union(authority, {"authority_id": "a2"})})])
}

test_on_by_default_is_denied if {
	given.codes(catalog_integrity.deny) == {"enabled_by_default"} with input as change([one, {"name": "two"}])
}

test_a_catalog_that_is_no_list_is_denied if {
	"catalog_broken" in given.codes(catalog_integrity.deny) with input as change("none")
}

test_a_strategy_may_leave_by_peoples_hands_only if {
	given.codes(catalog_integrity.warn) == {"strategy_missing"} with input as change([])
	given.codes(catalog_integrity.deny) == {"strategy_missing"} with input as object.union(change([]), {"request": given.request("restoring")})
}
