# The digests by which the service's images run. A package of its own: who asks for a constant of a package has all of its
# sets worked out.
package writ.lib.digests

import rego.v1

import data.writ.lib.objects
import data.writ.lib.workloads

# Whether an image has the digest of one of this name that runs now.
is_of(image, name) if [name, split(image, "@")[1]] in known

# Of the base. Most images are none of ours, which is cheap to see.
known contains [name, digest] if {
	some subject in input.objects
	some side in subject.base
	some found in side.images
	contains(found.image, workloads.trading_image)
	name := objects.image_name(found.image)
	name in {workloads.trading_image, workloads.forwarder_image}
	digest := split(found.image, "@")[1]
}
