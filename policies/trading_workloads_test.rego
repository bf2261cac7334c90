package writ.trading_workloads_test

import rego.v1

import data.writ.lib.given
import data.writ.trading_workloads

image := "registry.example/lab/torghut@sha256:00"

pod(container) := {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [object.union({"name": "main", "image": image}, container)]}}}}

runs(container) := given.side(pod(container), {"images": [{"pointer": "/spec/template/spec/containers[name=main]/image", "image": object.get(container, "image", image)}]})

changed(base, head) := given.objects([given.touched({"kind": "Deployment", "name": "torghut-scheduler"}, runs(base), runs(head))])

added(name, container) := given.objects([given.touched({"kind": "Deployment", "name": name}, [], runs(container))])

test_a_second_scheduler_is_denied if {
	given.codes(trading_workloads.deny) == {"second_scheduler"} with input as added("exec", {"args": ["app.scheduler_main:app"]})
}

test_another_workload_of_the_service_is_asked_about if {
	count(trading_workloads.deny) == 0 with input as added("exec", {})
	given.codes(trading_workloads.review) == {"new_trading_workload"} with input as added("exec", {})
}

test_a_command_that_unsets_is_denied if {
	given.codes(trading_workloads.deny) == {"command_settings"} with input as changed({}, {"command": ["env", "-u", "X", "uvicorn"]})
}

test_another_command_is_asked_about if {
	given.codes(trading_workloads.review) == {"command_changed"} with input as changed({}, {"args": ["--workers", "2"]})
}

test_another_registry_is_denied if {
	given.codes(trading_workloads.deny) == {"image_source"} with input as changed({}, {"image": "docker.io/other/torghut@sha256:00"})
}

test_another_digest_is_fine if {
	count(trading_workloads.deny) == 0 with input as changed({}, {"image": "registry.example/lab/torghut@sha256:11"})
}

test_a_prefix_is_denied if {
	given.codes(trading_workloads.deny) == {"variables_prefixed"} with input as changed({}, {"envFrom": [{"prefix": "TRADING_", "configMapRef": {"name": "a"}}]})
}

test_a_file_that_is_mounted_is_asked_about if {
	given.codes(trading_workloads.review) == {"volume_changed"} with input as changed({}, {"volumeMounts": [{"name": "a", "mountPath": "/app/.env", "subPath": ".env"}]})
}
