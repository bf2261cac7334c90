# METADATA
# title: Images are pinned by digest
# description: |
#   A tag can move to another image without any change here; a digest cannot. An image that is pinned by digest stays
#   pinned, Torghut's own images are always pinned, and nothing new runs `latest`. Workloads that share an image run the
#   same build of it: a change to only some of them is a warning for people, and a procedure must change all.
# custom:
#   codes:
#     image_by_tag: An image would not be pinned by digest.
#     image_parity: Workloads that share an image would run different builds of it.
#   go_on: >-
#     Pin the image by digest; the registry shows it, and `docker buildx imagetools inspect` prints it.
#   change: >-
#     `is_ours` decides which images must always be pinned, `must_be_pinned` covers the other cases.
#   example:
#     code: image_by_tag
#     file: exporter-deployment.yaml
#     from: "@sha256:2561a79d2baaa998036344c121cc3986aedec365881911dd592d334163d82729"
#     to: ":v2"
package writ.image_by_digest

import rego.v1

import data.writ.lib.objects

is_pinned(image) if regex.match(`@sha256:[0-9a-f]{64}$`, image)

# Filled in when the template is rendered.
is_template(image) if contains(image, "{{")

is_ours(image) if regex.match(`^torghut(-[a-z0-9-]+)?$`, objects.image_name(image))

# `latest`, explicit or implied.
is_floating(image) if {
	not is_pinned(image)
	regex.match(`(^|/)[^/:@]+(:latest)?$`, image)
}

images(sides) := {found.image | some found in sides[_].images}

# The image has only a tag now and is new in this form.
tagged contains [subject, side, found] if {
	some subject in objects.touched
	some side in subject.head
	some found in side.images
	found.image != ""
	not is_pinned(found.image)
	not is_template(found.image)
	not found.image in images(subject.base)
}

must_be_pinned(subject, found) if {
	some before in images(subject.base)
	is_pinned(before)
	objects.image_name(before) == objects.image_name(found.image)
}

must_be_pinned(subject, found) if {
	some before in subject.base[_].images
	before.pointer == found.pointer
	is_pinned(before.image)
}

must_be_pinned(_, found) if is_ours(found.image)

must_be_pinned(_, found) if is_floating(found.image)

deny contains objects.finding("image_by_tag", message, side.path, found.pointer, remedy) if {
	some [subject, side, found] in tagged
	must_be_pinned(subject, found)
	message := sprintf("%s would run `%s`, a tag that can move to another image at any time", [objects.title(subject), found.image])
	remedy := "pin the image by digest: `name@sha256:…`"
}

warn contains objects.finding("image_by_tag", message, side.path, found.pointer, remedy) if {
	some [subject, side, found] in tagged
	not must_be_pinned(subject, found)
	message := sprintf("%s would run `%s`, which is not pinned by digest", [objects.title(subject), found.image])
	remedy := "pin the image by digest: `name@sha256:…`"
}

# The builds of one image.

repository(image) := split(image, "@")[0]

digest(image) := split(image, "@")[1]

builds(field, name) := {digest(found.image) |
	some subject in input.objects
	some found in subject[field][_].images
	is_pinned(found.image)
	repository(found.image) == name
}

moved contains [subject, side, found] if {
	some subject in objects.touched
	some side in subject.head
	some found in side.images
	is_pinned(found.image)
	is_ours(repository(found.image))
	not found.image in images(subject.base)
}

apart contains entry if {
	some [subject, side, found] in moved
	name := repository(found.image)
	count(builds("head", name)) > 1
	message := sprintf("%s would run a different build of `%s` than other workloads", [objects.title(subject), objects.image_name(found.image)])
	remedy := "change all workloads that run this image in the same change"
	entry := {
		"is_new": count(builds("base", name)) < 2,
		"finding": objects.finding("image_parity", message, side.path, found.pointer, remedy),
	}
}

is_planned if objects.risk in {"restoring", "promotion", "live"}

deny contains entry.finding if {
	is_planned
	some entry in apart
	entry.is_new
}

warn contains entry.finding if {
	not is_planned
	some entry in apart
	entry.is_new
}

standing contains entry.finding if {
	some entry in apart
	not entry.is_new
}
