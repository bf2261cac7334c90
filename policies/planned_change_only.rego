# METADATA
# title: Only declared fields change
# description: |
#   A procedure declares the fields that it writes. The changes from base to head, computed again from the parsed files,
#   must all be at or below one of these fields: an error anywhere in between is caught here.
# custom:
#   codes:
#     unplanned_change: A field would change that the procedure does not declare.
#     unplanned_file: A file would change although none of its fields changes.
#   go_on: >-
#     The requester cannot fix this: it is a bug in writ or in the procedure's file. Report it to their maintainers.
#   change: >-
#     There is nothing to configure: the declared fields come from the procedure's operations.
package writ.planned_change_only

import rego.v1

import data.writ.lib.objects

remedy := "report it: this is a bug in writ or in the procedure's file"

deny contains objects.finding("unplanned_change", message, change.path, change.pointer, remedy) if {
	is_object(input.request)
	some change in input.changes
	not is_declared(change)
	message := sprintf("the procedure does not declare `%s` of %s `%s`", [change.pointer, change.document.kind, change.document.name])
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
	message := "the file would change although none of its fields changes"
}
