# Workloads by what they run: images, modules, keys. A name says nothing; anybody can choose another one.
package writ.lib.workloads

import rego.v1

import data.writ.lib.digests
import data.writ.lib.objects
import data.writ.lib.settings

# The images of the trading service and of the forwarder, without registry.
trading_image := "torghut"

forwarder_image := "torghut-ws"

# The service's own workloads: kind, then name.
known := {
	["Deployment", "torghut-scheduler"],
	["Service", "torghut"],
	["Service", "torghut-sim"],
}

# Objects that guard trading and are known by kind and name.
guarded := known | {
	["Deployment", "torghut-ws"],
	["FlinkDeployment", "torghut-ta"],
	["ConfigMap", "torghut-ws-config"],
	["ConfigMap", "torghut-strategy-config"],
	["ConfigMap", "torghut-autonomy-gate-policy"],
	["ConfigMap", "torghut-autonomous-config"],
}

# Variables that hold the broker's keys, and the Secret that they come from.
broker_keys := {"APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "ALPACA_KEY_ID", "ALPACA_SECRET_KEY"}

broker_secrets := {"torghut-alpaca"}

# Kinds that run for as long as they are there. Others run to their end.
lasting := {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout", "Service", "Configuration", "Pod"}

# All containers of one side, wherever its kind keeps them. Where pods do not hold every image, the whole object is read.
containers(side) := known if {
	known := objects.containers(side)
	count(known) >= count(side.images)
} else := objects.containers(side) | {container |
	walk(side.value, [_, container])
	is_object(container)
	is_string(container.image)
}

# The command line of a container as one text.
command(container) := concat(" ", [word |
	some field in ["command", "args"]
	some word in objects.list(container[field])
	is_string(word)
])

runs_trading_image(side) if {
	some found in side.images
	is_image(found.image, trading_image)
}

# An image is known by its name, or by the digest of an image of that name, from wherever it is pulled.
is_image(image, name) if objects.image_name(image) == name

is_image(image, name) if digests.is_of(image, name)

# Whether one side runs the scheduler, which writes orders: its module, or its role.
runs_scheduler(side) if {
	some container in containers(side)
	contains(command(container), "scheduler_main")
}

runs_scheduler(side) if {
	count(containers(side)) > 0
	some occurrence in side.settings.TORGHUT_PROCESS_ROLE
	settings.plain(occurrence) == "scheduler"
}

# Whether one side serves the trading service: the scheduler, the API, the simulation.
serves(side) if runs_scheduler(side)

serves(side) if {
	side.settings.TORGHUT_PROCESS_ROLE
	count(containers(side)) > 0
}

serves(side) if {
	side.value.kind in lasting
	runs_trading_image(side)
}

# The forwarder, whatever it is called.
forwards(side) if {
	some found in side.images
	is_image(found.image, forwarder_image)
}

# Names of the Secrets that one side reads: variables, sets of variables, volumes.
secrets(side) := {name |
	walk(side.value, [path, name])
	is_string(name)
	steps := count(path)
	steps > 1
	names_secret(path[steps - 1], path[steps - 2])
}

names_secret(last, _) if last == "secretName"

names_secret(last, before) if {
	last == "name"
	before in {"secretKeyRef", "secretRef", "secret"}
}

# The workloads whose commands, images and volumes are looked at: those of the service and the forwarder.
is_looked_at(side) if forwards(side)

is_looked_at(side) if serves(side)

# Whether a side of a subject guards trading.
is_guarded(subject) if [subject.kind, subject.name] in guarded

is_guarded(subject) if {
	some side in array.concat(subject.head, subject.base)
	serves(side)
}
