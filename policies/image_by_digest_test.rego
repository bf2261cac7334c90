package writ.image_by_digest_test

import rego.v1

import data.writ.image_by_digest
import data.writ.lib.given

digest := "@sha256:0000000000000000000000000000000000000000000000000000000000000000"

runs(image) := given.side({}, {"images": [{"pointer": "/image", "image": image}]})

change(base, head) := given.objects([given.touched({"kind": "Deployment", "name": "app"}, runs(base), runs(head))])

test_from_digest_to_tag_is_denied if {
	given.codes(image_by_digest.deny) == {"image_by_tag"} with input as change(concat("", ["lab/app", digest]), "lab/app:v2")
}

test_the_latest_is_denied if {
	given.codes(image_by_digest.deny) == {"image_by_tag"} with input as change("other/app:v1", "other/app")
}

test_another_tag_is_reported if {
	count(image_by_digest.deny) == 0 with input as change("other/app:v1", "other/app:v2")
	given.codes(image_by_digest.warn) == {"image_by_tag"} with input as change("other/app:v1", "other/app:v2")
}

test_a_registry_with_a_port_has_no_tag if {
	given.codes(image_by_digest.deny) == {"image_by_tag"} with input as change("mirror:5000/app:v1", "mirror:5000/app")
}

test_from_tag_to_digest_is_fine if {
	count(image_by_digest.deny | image_by_digest.warn) == 0 with input as change("lab/app:v1", concat("", ["lab/app", digest]))
}
