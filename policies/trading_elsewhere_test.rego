package writ.trading_elsewhere_test

import rego.v1

import data.writ.lib.given
import data.writ.trading_elsewhere

path := "argocd/applications/other/file.yaml"

deployment(image, env) := object.union(
	given.watched(path, "apps", "Deployment", "other", {"spec": {"template": {"spec": {"containers": [{"image": image, "env": env}]}}}}),
	{"images": [{"pointer": "/image", "image": image}]},
)

keys := [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "torghut-alpaca", "key": "k"}}}]

own_keys := [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "torghut-options-alpaca", "key": "k"}}}]

denied(base, head) := codes if codes := given.codes(trading_elsewhere.deny) with input as given.differing(path, base, head)

reviewed(base, head) := codes if codes := given.codes(trading_elsewhere.review) with input as given.differing(path, base, head)

test_a_second_forwarder_is_denied if denied([], [deployment("lab/torghut-ws@sha256:a", [])]) == {"trading_elsewhere"}

test_the_trading_image_is_denied if denied([], [deployment("lab/torghut:1", [])]) == {"trading_elsewhere"}

test_another_digest_of_a_known_one_is_fine if {
	denied([deployment("lab/torghut-ws@sha256:a", own_keys)], [deployment("lab/torghut-ws@sha256:b", own_keys)]) == set()
}

test_the_brokers_credentials_are_denied if {
	denied([deployment("lab/x:1", own_keys)], [deployment("lab/x:1", keys)]) == {"credentials_elsewhere"}
}

test_other_images_are_fine if {
	denied([], [deployment("lab/other:1", own_keys)]) == set()
	reviewed([], [deployment("lab/other:1", own_keys)]) == set()
}

test_values_of_a_chart_are_denied if {
	values := given.watched(path, "", "", "", {"image": {"repository": "registry/lab/torghut-ws", "tag": "1"}})
	denied([], [values]) == {"trading_elsewhere"}
}

test_an_autoscaler_is_denied if {
	scaler := given.watched(path, "autoscaling", "HorizontalPodAutoscaler", "x", {"spec": {"scaleTargetRef": {"name": "torghut-ws"}}})
	denied([], [object.union(scaler, {"namespace": "torghut"})]) == {"acts_from_elsewhere"}
}

test_a_role_in_the_namespace_is_asked_about if {
	role := object.union(given.watched(path, "rbac.authorization.k8s.io", "Role", "x", {}), {"namespace": "torghut"})
	reviewed([], [role]) == {"namespace_shared"}
}

test_a_text_that_runs_the_forwarder_is_denied if {
	facts := object.union(given.nothing, {"watched": [{
		"path": "argocd/x/templates/a.yaml",
		"base": {"kind": null, "problem": null, "exceeded": false, "objects": [], "reaches": [], "text": null},
		"head": {"kind": "file", "problem": "x", "exceeded": false, "objects": [], "reaches": [], "text": "image: \"lab/torghut-ws:{{ .tag }}\""},
	}]})
	given.codes(trading_elsewhere.deny) == {"trading_elsewhere"} with input as facts
}

# A file that would be such a text, or such a kind of entry.
would_be(head) := object.union(given.nothing, {"watched": [{
	"path": "argocd/x/templates/a.yaml",
	"base": nothing_there,
	"head": object.union(nothing_there, head),
}]})

nothing_there := {"kind": null, "problem": null, "exceeded": false, "objects": [], "reaches": [], "text": null}

test_a_text_that_takes_the_brokers_credentials_is_denied if {
	head := {"kind": "file", "problem": "x", "text": "secretKeyRef: {name: torghut-alpaca, key: \"{{ .key }}\"}"}
	given.codes(trading_elsewhere.deny) == {"credentials_elsewhere"} with input as would_be(head)
}

test_a_submodule_is_asked_about if {
	given.codes(trading_elsewhere.review) == {"watched_unread"} with input as would_be({"kind": "submodule"})
}
