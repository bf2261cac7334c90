package writ.closed_world_test

import rego.v1

import data.writ.closed_world
import data.writ.lib.given

pod(spec) := {"kind": "Deployment", "spec": {"template": {"spec": spec}}}

limited := {"containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]}

changed(base, head) := given.values({"kind": "Deployment", "name": "torghut-ws"}, pod(base), pod(head))

test_a_field_that_nobody_knows_is_asked_about if {
	given.codes(closed_world.review) == {"unclassified"} with input as changed(limited, object.union(limited, {"hostNetwork": true}))
}

test_ordinary_fields_are_fine if {
	count(closed_world.review) == 0 with input as changed(limited, {"containers": [{"name": "a", "resources": {"limits": {"cpu": "2"}}}], "nodeSelector": {"disk": "ssd"}})
}

test_a_limit_that_disappears_is_asked_about if {
	given.codes(closed_world.review) == {"unclassified"} with input as changed(limited, {"containers": [{"name": "a"}]})
}

test_rights_in_the_cluster_are_asked_about if {
	change := given.objects([given.touched({"kind": "ClusterRoleBinding", "name": "a"}, [], given.side({"subjects": [{"name": "b"}], "roleRef": {"name": "cluster-admin"}}, {}))])
	given.codes(closed_world.review) == {"rights_granted"} with input as change
}
