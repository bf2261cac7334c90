package writ.lib.digests_test

import rego.v1

import data.writ.lib.digests
import data.writ.lib.given

images(found) := {"images": [{"pointer": "/image", "image": image} | some image in found]}

running(found) := given.objects([given.touched({"kind": "Deployment", "name": "app"}, given.side({}, images(found)), [])])

test_a_digest_is_known_wherever_it_is_pulled_from if {
	digests.is_of("elsewhere/other@sha256:1", "torghut") with input as running(["r/torghut:v1", "r/torghut@sha256:1"])
	not digests.is_of("elsewhere/other@sha256:2", "torghut") with input as running(["r/torghut@sha256:1", "r/torghut:v1"])
	not digests.is_of("elsewhere/other@sha256:1", "torghut-ws") with input as running(["r/torghut@sha256:1"])
}
