# METADATA
# title: The pipeline keeps its gates
# description: |
#   A candidate passes research, gates and paper trading before it goes live, and whatever fails goes back to research or
#   to rollback. A change may not remove a stage or a deterministic checkpoint, let an edge skip a stage, or let a failure
#   lead anywhere else.
# custom:
#   codes:
#     pipeline_weakened: The pipeline would lose a stage or a checkpoint, or an edge would skip one.
#   go_on: >-
#     Keep every stage, checkpoint and edge. A new stage between two others is fine if the edges lead through it.
#   change: >-
#     `safe_ends` lists where a failure may lead.
#   example:
#     code: pipeline_weakened
#     file: pipeline-configmap.yaml
#     from: "        - risk_firewall_authority\n"
#     to: ""
package writ.pipeline_gates

import rego.v1

import data.writ.lib.objects

remedy := "keep the stages, the checkpoints and the edges; every candidate passes them all"

safe_ends := {"research_intake", "rollback_incident_workflow"}

pipelines(sides) := [[side, key, objects.map(text.value.pipeline)] |
	some side in sides
	some key, text in side.embedded
	is_object(text.value.pipeline)
]

compared contains [subject, side, key, before, after] if {
	some subject in objects.touched
	some [_, key, before] in pipelines(subject.base)
	some [side, key_, after] in pipelines(subject.head)
	key == key_
	before != after
}

stages(pipeline) := [stage | some stage in objects.list(pipeline.stages); is_object(stage); is_string(stage.id)]

ids(pipeline) := {stage.id | some stage in stages(pipeline)}

# Where a stage leads, by every stage of that name: a stage said twice counts with both.
leads(pipeline, id, way) := {object.get(stage, way, "nothing") | some stage in stages(pipeline); stage.id == id}

checkpoints(pipeline) := {one | some one in objects.list(pipeline.deterministic_checkpoints)}

place(key, rest) := sprintf("/data/%s/pipeline/%s", [key, rest])

deny contains objects.finding("pipeline_weakened", message, side.path, place(key, "deterministic_checkpoints"), remedy) if {
	some [subject, side, key, before, after] in compared
	some lost in checkpoints(before) - checkpoints(after)
	message := sprintf("the pipeline of %s would lose the checkpoint `%v`", [objects.title(subject), lost])
}

deny contains objects.finding("pipeline_weakened", message, side.path, place(key, "stages"), remedy) if {
	some [subject, side, key, before, after] in compared
	some id in ids(before) - ids(after)
	message := sprintf("the pipeline of %s would lose the stage `%s`", [objects.title(subject), id])
}

# An edge that led to one stage leads on, past it: what lay behind the old end is reached without it.
deny contains objects.finding("pipeline_weakened", message, side.path, place(key, "stages"), remedy) if {
	some [subject, side, key, before, after] in compared
	some id in ids(before) & ids(after)
	some is in leads(after, id, "next_on_pass") - leads(before, id, "next_on_pass")
	not leads_through(after, is, leads(before, id, "next_on_pass"))
	message := sprintf("the stage `%s` of %s would lead to `%v`, and no longer to `%v`", [id, objects.title(subject), is, leads(before, id, "next_on_pass")])
}

# A new stage that leads to the old end.
leads_through(pipeline, is, ends) if {
	through := leads(pipeline, is, "next_on_pass")
	count(through) > 0
	count(through - ends) == 0
}

deny contains objects.finding("pipeline_weakened", message, side.path, place(key, "stages"), remedy) if {
	some [subject, side, key, before, after] in compared
	some id in ids(after)
	some is in leads(after, id, "next_on_fail") - leads(before, id, "next_on_fail")
	not is in safe_ends
	message := sprintf("a failure of the stage `%s` of %s would lead to `%v`", [id, objects.title(subject), is])
}

deny contains objects.finding("pipeline_weakened", message, objects.path(subject), "/data", remedy) if {
	some subject in objects.touched
	count(pipelines(subject.base)) > 0
	count(subject.head) > 0
	count(pipelines(subject.head)) == 0
	message := sprintf("%s would have no pipeline", [objects.title(subject)])
}

# A pipeline whose new stages follow another key is compared as removed.
deny contains objects.finding("pipeline_weakened", message, objects.path(subject), "/data", remedy) if {
	some subject in objects.touched
	count(subject.head) > 0
	some [_, key, _] in pipelines(subject.base)
	not key in {other | some [_, other, _] in pipelines(subject.head)}
	count(pipelines(subject.head)) > 0
	message := sprintf("the pipeline `%s` of %s would be removed", [key, objects.title(subject)])
}
