package writ.schema_unchanged_test

import rego.v1

import data.writ.lib.given
import data.writ.schema_unchanged

changed(before, after) := object.union(given.nothing, {"changes": [{"path": "a.yaml", "document": {"kind": "A", "name": "a"}, "pointer": "/a", "before": before, "after": after}]})

test_a_value_keeps_its_type if {
	given.codes(schema_unchanged.deny) == {"type_changed"} with input as changed("1", 1)
	count(schema_unchanged.deny) == 0 with input as changed("1", "2")
	count(schema_unchanged.deny) == 0 with input as changed(null, 1)
}

file(base, head) := object.union(given.nothing, {"files": [{"path": "a.yaml", "status": "changed", "base_problem": base, "head_problem": head}]})

test_a_file_stays_readable if {
	given.codes(schema_unchanged.deny) == {"malformed"} with input as file(null, "line 1: tabs")
	given.codes(schema_unchanged.standing) == {"unreadable"} with input as file("line 1: tabs", "line 2: tabs")
	count(schema_unchanged.deny) == 0 with input as file("line 1: tabs", null)
}
