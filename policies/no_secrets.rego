# METADATA
# title: No secrets in the repository
# description: |
#   Secrets live outside git. A change may not add a Secret with values or set a literal value on a variable that is
#   named like a secret, and a procedure may not change sealed or external secrets, nor the references to them.
# custom:
#   codes:
#     secret_value: A Secret would contain plain values.
#     secret_literal: A variable that is named like a secret would get a literal value.
#     secret_object: A procedure would change an object that holds secrets.
#     secret_reference: A procedure would change where a secret is read from.
#     secret_changed: A sealed or external secret changes; its value cannot be reviewed here.
#     private_key: A value would contain a private key.
#   go_on: >-
#     Keep the value in the secret store and reference it. A value that was exposed is no longer secret: rotate it.
#   change: >-
#     `is_secret_name` decides which variable names mean secrets.
#   example:
#     code: secret_literal
#     file: exporter-deployment.yaml
#     from: "              valueFrom:\n                secretKeyRef:\n                  name: torghut-db\n                  key: password"
#     to: "              value: hunter2-and-more"
package writ.no_secrets

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings

kinds := {"Secret", "SealedSecret", "ExternalSecret"}

remedy := "keep values in the secret store, seal or reference them, and rotate what was exposed"

deny contains objects.finding("secret_value", message, side.path, sprintf("/%s", [field]), remedy) if {
	some subject in objects.touched
	subject.kind == "Secret"
	some side in subject.head
	some field in ["data", "stringData"]
	before := {entry | some entry in objects.map(subject.base[_].value[field])}
	some entry in objects.map(side.value[field])
	not entry in before
	message := sprintf("%s would contain values", [objects.title(subject)])
}

deny contains objects.finding("secret_literal", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in objects.touched
	not subject.kind in kinds
	some name in subject.differing
	is_secret_name(name)
	some occurrence in settings.occurrences(subject.head, name)
	is_literal(occurrence)
	not occurrence.value in {before.value | some before in settings.occurrences(subject.base, name)}
	message := sprintf("`%s` of %s would get a literal value", [name, objects.title(subject)])
}

is_secret_name(name) if {
	regex.match(`(^|_)(KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIALS?|DSN)(_|$)`, upper(name))
	not regex.match(`_(PATH|FILE|NAME|REF|ENABLED|TTL|SECONDS|BUDGET|MAX|ENDPOINT|ID|URL)(_|$)`, upper(name))
	not regex.match(`(^|_)(TOKEN_BUDGET|KEY_PREFIX|SECRET_BINDING)`, upper(name))
}

# A meaningful literal: not empty, a number, a truth value, a path or made of references to other variables.
is_literal(occurrence) if {
	text := trim_space(occurrence.value)
	text != ""
	not settings.is_true(occurrence)
	not settings.is_false(occurrence)
	not regex.match(`^[0-9.]+$`, text)
	not is_composed(text)
	not regex.match(`^/[A-Za-z0-9._/-]+$`, text)
}

# A text whose only secret parts are references to other variables: `postgresql://$(USER):$(PASSWORD)@$(HOST)/torghut`. A
# part between `:` and `@` that is not a reference would be a password.
is_composed(text) if {
	regex.match(`\$\([A-Za-z0-9_]+\)`, text)
	rest := regex.replace(text, `\$\([A-Za-z0-9_]+\)`, "")
	regex.match(`^([a-z][a-z0-9+]*://)?[:@/.,?&=A-Za-z0-9_-]*$`, rest)
	not regex.match(`:[^:@/$]+@`, text)
	not regex.match(`(?i)(password|passwd|secret|token|key)=[^$&]`, text)
	is_address(text)
}

is_address(text) if contains(text, "://")

is_address(text) if regex.match(`^(\$\([A-Za-z0-9_]+\)[:@/.,-]?)+$`, text)

deny contains objects.finding("private_key", message, change.path, change.pointer, remedy) if {
	some change in input.changes
	walk(change.after, [_, text])
	is_string(text)
	regex.match(`-----BEGIN [A-Z ]*PRIVATE KEY-----`, text)
	message := "the file would contain a private key"
}

deny contains objects.finding("secret_object", message, objects.path(subject), "", advice) if {
	objects.risk != "none"
	some subject in objects.touched
	subject.kind in kinds
	message := sprintf("the procedure would change %s", [objects.title(subject)])
	advice := "change secrets in a separate pull request"
}

warn contains objects.finding("secret_changed", message, objects.path(subject), "", advice) if {
	objects.risk == "none"
	some subject in objects.touched
	subject.kind in kinds
	subject.kind != "Secret"
	message := sprintf("%s changes; its value cannot be reviewed here", [objects.title(subject)])
	advice := "ask its author, and restart the workloads that read it"
}

deny contains objects.finding("secret_reference", message, change.path, change.pointer, advice) if {
	objects.risk != "none"
	some change in input.changes
	regex.match(`/(secretKeyRef|secretRef|secretName|imagePullSecrets)(/|\[|$)`, change.pointer)
	message := "the procedure would change where a secret is read from"
	advice := "change references to secrets in a separate pull request"
}
