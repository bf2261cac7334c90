# METADATA
# title: Trading workloads are known by what they run
# description: |
#   Whatever runs the trading service's scheduler writes orders, whatever it is called and of whatever kind it is. There
#   is one. On a workload of the trading service, nothing changes unseen that decides what runs and with which settings:
#   the command line, the source of the image, the process role, volumes that replace the catalog or the gate policy,
#   sets of variables, the keys of the broker.
# custom:
#   codes:
#     second_scheduler: A second workload would run the trading scheduler, so that two would write orders.
#     new_trading_workload: A new workload would run the trading service.
#     command_settings: A command line of the trading service would set, unset, load or build settings.
#     command_changed: The command line of the trading service or the forwarder would change.
#     image_source: The trading service or the forwarder would run an image from another registry or repository.
#     volume_replaced: A volume that holds the strategy catalog, the gate policy or the pipeline would come from somewhere else.
#     volume_changed: The trading service would see other files.
#     variables_source: The trading service or the forwarder would take sets of variables from other ConfigMaps or Secrets.
#     variables_prefixed: A set of variables would get a prefix, so that no name can be read in the file.
#     broker_keys: The broker's keys would come from another secret, or another workload would get them.
#     traffic_pinned: Traffic of the trading service would go to a revision other than the newest.
#   go_on: >-
#     Leave one scheduler, its command and its keys as they are. Set variables in `env`. A new workload of the service, a
#     new command and a new volume are decided by a human, who reads what they do.
#   change: >-
#     `writ.lib.workloads` lists the images, the known workloads and the variables that hold the broker's keys.
#   example:
#     code: command_settings
#     file: scheduler-deployment.yaml
#     from: "          env:\n"
#     to: "          command: [\"env\", \"-u\", \"TRADING_EMERGENCY_STOP_ENABLED\", \"uvicorn\", \"app.scheduler_main:app\"]\n          env:\n"
package writ.trading_workloads

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.workloads

# Touched objects that run something on a side.
running := [subject |
	some subject in objects.touched
	not subject.kind in {"ConfigMap", "Secret", "SealedSecret", "ExternalSecret"}
]

# A second scheduler.

deny contains objects.finding("second_scheduler", message, side.path, "/spec", remedy) if {
	some subject in running
	[subject.kind, subject.name] != ["Deployment", "torghut-scheduler"]
	some side in subject.head
	workloads.runs_scheduler(side)
	not scheduled_before(subject)
	message := sprintf("%s would run the trading scheduler beside `torghut-scheduler`: two would write orders", [objects.title(subject)])
	remedy := "run the scheduler only in Deployment `torghut-scheduler`"
}

deny contains objects.finding("second_scheduler", message, side.path, "/metadata/namespace", remedy) if {
	some subject in running
	subject.name == "torghut-scheduler"
	count(subject.base) == 0
	some other in input.objects
	other.kind == subject.kind
	other.name == subject.name
	other.namespace != subject.namespace
	count(other.head) > 0
	some side in subject.head
	workloads.runs_scheduler(side)
	message := sprintf("%s would run in the namespace `%s` too: two would write orders", [objects.title(subject), subject.namespace])
	remedy := "run the scheduler in one namespace"
}

scheduled_before(subject) if {
	some side in subject.base
	workloads.runs_scheduler(side)
}

review contains objects.finding("new_trading_workload", message, side.path, "/spec", remedy) if {
	some subject in running
	count(subject.base) == 0
	some side in subject.head
	workloads.serves(side)
	not workloads.runs_scheduler(side)
	not [subject.kind, subject.name] in workloads.known
	message := sprintf("%s would be a new workload that runs the trading service", [objects.title(subject)])
	remedy := "have a human read what it runs and which keys it takes"
}

# A workload that reads the variables of another one is a second one of its kind, whatever it runs.
review contains objects.finding("new_trading_workload", message, side.path, "/spec", remedy) if {
	some subject in running
	count(subject.base) == 0
	some side in subject.head
	not workloads.is_looked_at(side)
	some set in variables_of([side])
	name := json.unmarshal(set).configMapRef.name
	some other in input.objects
	other.kind == subject.kind
	other.name != subject.name
	some before in other.base
	set in variables_of([before])
	message := sprintf("%s would be a new workload with the settings of %s, from ConfigMap `%s`", [objects.title(subject), objects.title(other), name])
	remedy := "have a human read what it does beside the other one"
}

# The workloads whose commands, images and volumes are looked at: those of the service and the forwarder.
changed contains [subject, side] if {
	some subject in running
	some side in subject.head
	is_looked_at(side)
}

changed contains [subject, side] if {
	some subject in running
	some side in subject.head
	some before in subject.base
	is_looked_at(before)
}

is_looked_at(side) if workloads.is_looked_at(side)

# Commands.

commands(sides) := {line |
	some side in sides
	some container in workloads.containers(side)
	line := workloads.command(container)
	line != ""
}

hooks(sides) := {json.marshal(container.lifecycle) |
	some side in sides
	some container in workloads.containers(side)
	container.lifecycle
}

new_commands contains [subject, side, line] if {
	some [subject, side] in changed
	some line in (commands([side]) | hooks([side])) - (commands(subject.base) | hooks(subject.base))
}

# What a command line of the service may not do: name guarded settings, unset or load variables, build text and run it.
meddles(line) if regex.match(`(^|[^A-Za-z0-9_])(TRADING_|LLM_|APCA_|ALPACA_|TORGHUT_PROCESS_ROLE)`, line)

meddles(line) if regex.match(`(^|[ /"\\])(env|export|unset|eval|source|dotenv|printenv|set -a)([ "]|$)|--env-file|\.env([^a-z]|$)|(^|[;&| ])\. /`, line)

deny contains objects.finding("command_settings", message, side.path, "/spec", remedy) if {
	some [subject, side, line] in new_commands
	meddles(line)
	not is_assignment(side, line)
	message := sprintf("a command line of %s would set, unset, load or build settings", [objects.title(subject)])
	remedy := "start the program itself, and set variables in `env`, where they can be judged"
}

# Another rule denies a command line that assigns a setting; it does not read hooks.
is_assignment(side, line) if {
	line in commands([side])
	regex.match(settings.assignment, line)
}

review contains objects.finding("command_changed", message, side.path, "/spec", remedy) if {
	some [subject, side, line] in new_commands
	count(subject.base) > 0
	not meddles(line)
	message := sprintf("the command line of %s would change", [objects.title(subject)])
	remedy := "have a human read what would run"
}

# Images: another digest of the same repository is ordinary.

repository(image) := parts[0] if {
	not contains(image, "@")
	parts := [regex.replace(image, `:[^/:]*$`, "")]
}

repository(image) := regex.replace(split(image, "@")[0], `:[^/:]*$`, "") if contains(image, "@")

guarded_image(image) if regex.match(`^torghut(-(ws|ta))?$`, objects.image_name(image))

deny contains objects.finding("image_source", message, side.path, found.pointer, remedy) if {
	some subject in running
	some before in subject.base
	some was in before.images
	guarded_image(was.image)
	some side in subject.head
	some found in side.images
	found.pointer == was.pointer
	repository(found.image) != repository(was.image)
	message := sprintf("%s would run `%s`, until now it runs `%s`", [objects.title(subject), repository(found.image), repository(was.image)])
	remedy := "keep the registry and the repository; another digest of the same repository is ordinary"
}

# Volumes.

# The sources of the volumes of one side by name.
volumes(side) := {[volume.name, object.remove(volume, ["name"])] |
	some pod in objects.pods(side)
	some volume in objects.list(pod.value.spec.volumes)
	is_object(volume)
	is_string(volume.name)
}

# The ConfigMap of a volume, also of a projected one.
config_maps(volume) := {name |
	walk(volume, [path, name])
	count(path) > 1
	path[count(path) - 1] == "name"
	path[count(path) - 2] == "configMap"
}

# ConfigMaps with the catalog, the gate policy or the pipeline.
ruling := {other.name |
	some other in input.objects
	other.kind == "ConfigMap"
	some side in array.concat(other.base, other.head)
	some text in side.embedded
	decides(objects.map(text.value))
}

holds_rules(name) if name in ruling

decides(text) if text.strategies

decides(text) if text.pipeline

decides(text) if {
	some key, _ in text
	startswith(key, "gate")
}

moved_volumes contains [subject, side, name, before, after] if {
	some [subject, side] in changed
	some old in subject.base
	some [name, before] in volumes(old) - volumes(side)
	after := {source | some [other, source] in volumes(side); other == name}
}

deny contains objects.finding("volume_replaced", message, side.path, "/spec/template/spec/volumes", remedy) if {
	some [subject, side, name, before, after] in moved_volumes
	some map in config_maps(before) - config_maps(after)
	holds_rules(map)
	message := sprintf("the volume `%s` of %s would no longer hold ConfigMap `%s`, which decides how trading is limited", [name, objects.title(subject), map])
	remedy := "change the ConfigMap itself, so that its limits are compared"
}

review contains objects.finding("volume_changed", message, side.path, "/spec/template/spec/volumes", remedy) if {
	some [subject, side, name, before, after] in moved_volumes
	every map in config_maps(before) - config_maps(after) {
		not holds_rules(map)
	}
	message := sprintf("the volume `%s` of %s would hold something else", [name, objects.title(subject)])
	remedy := "have a human read what the service would see"
}

mounts(side) := {[mount.mountPath, object.get(mount, "subPath", ""), mount.name] |
	some container in workloads.containers(side)
	some mount in objects.list(container.volumeMounts)
	is_object(mount)
}

review contains objects.finding("volume_changed", message, side.path, "/spec/template/spec/containers", remedy) if {
	some [subject, side] in changed
	count(subject.base) > 0
	some [place, part, name] in mounts(side) - {mount | some old in subject.base; some mount in mounts(old)}
	message := sprintf("%s would see `%s` at `%s`%s", [objects.title(subject), name, place, part_of(part)])
	remedy := "have a human read what would be there: a file of settings and code that lies over the application are run too"
}

part_of("") := ""

part_of(part) := sprintf(" (`%s`)", [part]) if part != ""

# Scripts and files of settings in ConfigMaps that such a workload sees.

scripts(side) := {[key, text] |
	some key, text in objects.map(side.value.data)
	is_string(text)
	is_script(key, text)
}

is_script(key, _) if regex.match(`\.(sh|bash|py|env|rb|js|pth|toml|ini|conf|cfg)$|^\.env|^sitecustomize`, key)

is_script(_, text) if startswith(text, "#!")

# The ConfigMaps that such workloads see; found once, however many scripts are new.
seen := {map |
	some other in input.objects
	some side in other.head
	workloads.is_looked_at(side)
	some [_, source] in volumes(side)
	some map in config_maps(source)
}

new_scripts contains [subject, side, key, text] if {
	some subject in objects.touched
	subject.kind == "ConfigMap"
	subject.name in seen
	some side in subject.head
	some [key, text] in scripts(side) - {known | some old in subject.base; some known in scripts(old)}
}

deny contains objects.finding("command_settings", message, side.path, sprintf("/data/%s", [key]), remedy) if {
	some [subject, side, key, text] in new_scripts
	meddles(text)
	message := sprintf("`%s` of %s, which a trading workload sees, would set, unset, load or build settings", [key, objects.title(subject)])
	remedy := "set variables in `env`, where they can be judged"
}

review contains objects.finding("command_changed", message, side.path, sprintf("/data/%s", [key]), remedy) if {
	some [subject, side, key, text] in new_scripts
	not meddles(text)
	message := sprintf("`%s` of %s, which a trading workload sees, would change", [key, objects.title(subject)])
	remedy := "have a human read what would run"
}

# Sets of variables.

prefixes(side) := {[entry.prefix, source] |
	some container in workloads.containers(side)
	some entry in objects.list(container.envFrom)
	is_string(entry.prefix)
	entry.prefix != ""
	source := json.marshal(object.remove(entry, ["prefix"]))
}

deny contains objects.finding("variables_prefixed", message, side.path, "/spec", remedy) if {
	some [subject, side] in changed
	some [prefix, _] in prefixes(side) - {known | some old in subject.base; some known in prefixes(old)}
	message := sprintf("%s would put `%s` in front of a whole set of variables", [objects.title(subject), prefix])
	remedy := "list the variables in `env` under their full names"
}

variables_of(sides) := {json.marshal(object.remove(entry, ["prefix"])) |
	some side in sides
	some container in workloads.containers(side)
	some entry in objects.list(container.envFrom)
	is_object(entry)
}

review contains objects.finding("variables_source", message, side.path, "/spec", remedy) if {
	some [subject, side] in changed
	count(subject.base) > 0
	count(subject.head) == 1
	before := variables_of(subject.base)
	after := variables_of([side])
	before != after
	message := sprintf("%s would take whole sets of variables from somewhere else: %s", [objects.title(subject), sources(before, after)])
	remedy := "list the variables in `env`, or have a human read what the sets hold"
}

# `gone` and new sets, as people say them.
sources(before, after) := concat(", ", {words |
	some [kind, sets] in [["no longer", before - after], ["now", after - before]]
	some set in sets
	some field, reference in json.unmarshal(set)
	is_object(reference)
	words := sprintf("%s %s `%v`", [kind, trim_suffix(field, "Ref"), object.get(reference, "name", "?")])
})

# What makes a Java program run or read something else; how much memory it takes is ordinary.
review contains objects.finding("command_changed", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in running
	some name in subject.differing
	name in {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTS", "FLINK_ENV_JAVA_OPTS"}
	count(options(subject.head, name) - options(subject.base, name)) > 0
	message := sprintf("%s would start with other options of its virtual machine: `%s`", [objects.title(subject), name])
	remedy := "have a human read what would run"
}

options(sides, name) := {word |
	some text in settings.literals(sides, name)
	some word in split(text, " ")
	regex.match(`^(@|-javaagent|-agent|-D|-cp|-classpath|-Xbootclasspath|-XX:(Flags|OnError|OnOutOfMemoryError|VMOptionsFile)|--(add|patch|module|class|upgrade))`, word)
}

# The broker's keys.

keys(sides) := {[name, object.get(occurrence, "from", null)] |
	some side in sides
	some name in workloads.broker_keys
	some occurrence in side.settings[name]
}

deny contains objects.finding("broker_keys", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in running
	count(keys(subject.base)) > 0
	some [name, _] in keys(subject.head) - keys(subject.base)
	message := sprintf("the broker's key `%s` of %s would come from somewhere else", [name, objects.title(subject)])
	remedy := "keep the secret and its key: they decide which account is traded"
}

review contains objects.finding("broker_keys", message, side.path, "/spec", remedy) if {
	some subject in running
	count(keys(subject.base)) == 0
	some side in subject.head
	some secret in broker_secrets_of(side) - {known | some before in subject.base; some known in broker_secrets_of(before)}
	message := sprintf("%s would get the broker's keys, from Secret `%s`", [objects.title(subject), secret])
	remedy := "have a human decide whether this workload may reach the broker"
}

# The broker's Secrets that one side reads in whatever way; a key from another secret counts by its name.
broker_secrets_of(side) := (workloads.secrets(side) & workloads.broker_secrets) | {secret_of(from) |
	some [_, from] in keys([side])
}

secret_of(from) := from.secretKeyRef.name if {
	is_string(from.secretKeyRef.name)
} else := "of another name"

# What fills the broker's Secret.
review contains objects.finding("broker_keys", message, objects.path(subject), "", remedy) if {
	some subject in objects.touched
	subject.kind in {"Secret", "SealedSecret", "ExternalSecret", "PushSecret", "SecretProviderClass"}
	some side in array.concat(subject.head, subject.base)
	some name in [subject.name, object.get(side.value, ["spec", "target", "name"], ""), object.get(side.value, ["spec", "template", "metadata", "name"], "")]
	name in workloads.broker_secrets
	held(subject.head) != held(subject.base)
	message := sprintf("%s fills the Secret that holds the broker's keys, and would change", [objects.title(subject)])
	remedy := "have a human decide which account the new keys are of"
}

held(sides) := {object.filter(side.value, ["spec", "data", "stringData"]) | some side in sides}

# Traffic.

review contains objects.finding("traffic_pinned", message, side.path, "/spec/traffic", remedy) if {
	some [subject, side] in changed
	subject.group == "serving.knative.dev"
	some entry in objects.list(side.value.spec.traffic)
	is_pinned(entry)
	not entry in {known | some old in subject.base; some known in objects.list(old.value.spec.traffic)}
	message := sprintf("traffic of %s would go to the revision `%v`", [objects.title(subject), object.get(entry, "revisionName", "that is ready now")])
	remedy := "have a human decide; an old revision has old limits"
}

is_pinned(entry) if entry.revisionName

is_pinned(entry) if entry.latestRevision == false
