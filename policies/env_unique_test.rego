package writ.env_unique_test

import rego.v1

import data.writ.env_unique
import data.writ.lib.given

occurrence(value) := {"pointer": "/env[name=A]", "value": value}

twice := given.side({}, {"settings": {"A": [occurrence("one"), occurrence("two")]}})

once := given.side({}, {"settings": {"A": [occurrence("one")]}})

subject(base, head) := object.union(given.touched({"kind": "Deployment", "name": "app"}, base, head), {"differing": ["A"]})

test_a_name_that_stands_twice_is_denied if {
	given.codes(env_unique.deny) == {"env_twice"} with input as given.objects([subject(once, twice)])
}

test_a_name_that_stood_twice_is_reported if {
	count(env_unique.deny) == 0 with input as given.objects([subject(twice, twice)])
	given.codes(env_unique.standing) == {"env_twice"} with input as given.objects([subject(twice, twice)])
}

test_one_name_in_two_lists_is_fine if {
	two := given.side({}, {"settings": {"A": [occurrence("one"), {"pointer": "/other/env[name=A]", "value": "one"}]}})
	count(env_unique.deny) == 0 with input as given.objects([subject(once, two)])
}
