# Inputs for the rules' own tests: small changes in the format of `docs/policies.md`.
package writ.lib.given

import rego.v1

# An input without changes; each test overlays what it needs.
nothing := {
	"schema": "writ.facts/v1",
	"gitops_path": "argocd/applications/torghut",
	"request": null,
	"changes": [],
	"files": [],
	"objects": [],
	"builds": [],
	"unknown": [],
	"watched": [],
	"history": null,
}

# A request to writ.
request(risk) := {"procedure": "any", "risk": risk, "actor": "operator", "declared": []}

# One side of an object.
side(value, more) := [object.union(
	{
		"path": "argocd/applications/torghut/object.yaml", "index": 0, "value": value, "settings": {}, "images": [],
		"embedded": {}, "origin": "effective", "altered": false, "uncertain": false,
	},
	more,
)]

# An object that this change touches; `identity` is its kind and name.
touched(identity, base, head) := object.union(
	{"group": "apps", "namespace": "torghut", "applied": true, "touched": true, "differing": [], "base": base, "head": head},
	identity,
)

# An input with these objects.
objects(subjects) := object.union(nothing, {"objects": subjects})

# Settings with one occurrence each.
set(values) := {"settings": {name: [{"pointer": sprintf("/env[name=%s]", [name]), "value": value}] |
	some name, value in values
}}

# A Deployment whose variables are `base` before and `head` after.
variables(base, head) := objects([deployment("torghut-scheduler", base, head)])

deployment(name, base, head) := object.union(
	touched(
		{"kind": "Deployment", "name": name},
		side({"kind": "Deployment"}, set(base)),
		side({"kind": "Deployment"}, set(head)),
	),
	{"differing": [setting |
		some setting in object.keys(object.union(base, head))
		object.get(base, setting, null) != object.get(head, setting, null)
	]},
)

# An object whose value is `base` before and `head` after; `identity` is its group, kind and name.
values(identity, base, head) := objects([touched(identity, side(base, {}), side(head, {}))])

# A ConfigMap with a parsed text that is `base` before and `head` after.
texts(key, base, head) := objects([touched(
	{"group": "", "kind": "ConfigMap", "name": "config"},
	side({"kind": "ConfigMap"}, {"embedded": {key: {"value": base}}}),
	side({"kind": "ConfigMap"}, {"embedded": {key: {"value": head}}}),
)])

# The codes of some findings.
codes(findings) := {finding.code | some finding in findings}

# An object of a watched file.
watched(path, group, kind, name, value) := {
	"path": path, "index": 0, "group": group, "kind": kind, "namespace": "", "name": name,
	"value": object.union({"kind": kind}, value), "settings": {}, "images": [], "embedded": {},
}

# An input with one watched file, whose objects differ.
differing(path, base, head) := object.union(nothing, {"watched": [{"path": path, "base": watched_side(base), "head": watched_side(head)}]})

watched_side(objects) := {"kind": "file", "problem": null, "exceeded": false, "objects": objects, "reaches": [], "text": null}
