# METADATA
# title: Nothing but what the procedure names
# description: |
#   A procedure names the nodes that it writes. The changes from base to head, found by comparing the parsed files
#   again, must all be at or below one of these nodes: whatever went wrong in between shows here.
# custom:
#   codes:
#     unplanned_change: Something would change that the procedure does not name.
#     unplanned_file: A file would change in which nothing changes that can be named.
#   go_on: >-
#     Nothing to do for whoever asked: this is a mistake in writ or in the procedure's file. Tell its owner.
#   change: >-
#     Nothing to set: what is declared comes from the procedure's operations.
package writ.planned_change_only

import rego.v1

import data.writ.lib.objects

remedy := "nothing to do for the requester: this is a mistake in writ or in the procedure's file"

deny contains objects.finding("unplanned_change", message, change.path, change.pointer, remedy) if {
	is_object(input.request)
	some change in input.changes
	not is_declared(change)
	message := sprintf("the procedure does not name `%s` of %s `%s`", [change.pointer, change.document.kind, change.document.name])
}

is_declared(change) if {
	some declared in input.request.declared
	declared.path == change.path
	declared.kind == change.document.kind
	declared.name == change.document.name
	is_at_or_below(change.pointer, declared.pointer)
}

is_at_or_below(pointer, declared) if pointer == declared

is_at_or_below(pointer, declared) if startswith(pointer, concat("", [declared, "/"]))

is_at_or_below(pointer, declared) if startswith(pointer, concat("", [declared, "["]))

deny contains objects.finding("unplanned_file", message, file.path, "", remedy) if {
	is_object(input.request)
	some file in input.files
	count([change | some change in input.changes; change.path == file.path]) == 0
	message := "the file would change, but nothing in it that can be named"
}
