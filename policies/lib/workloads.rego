# Workloads by what they run: images, modules, keys. A name says nothing; anybody can choose another one.
package writ.lib.workloads

import rego.v1

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

# All containers of one side, wherever its kind keeps them: pods, jobs, templates of workflows.
containers(side) := objects.containers(side) | {container |
	some field in ["templates", "metrics"]
	some entry in objects.list(side.value.spec[field])
	walk(entry, [path, container])
	is_container(path, container)
} | {container |
	not side.value.spec.template
	not side.value.spec.jobTemplate
	side.value.kind in {"List", "Rollout", "CronWorkflow", "Workflow", "Application"}
	walk(side.value.spec, [path, container])
	is_container(path, container)
}

is_container(path, container) if {
	is_object(container)
	is_string(container.image)
	count(path) >= 0
}

# The command line of a container as one text.
command(container) := concat(" ", [word |
	some field in ["command", "args"]
	some word in objects.list(container[field])
	is_string(word)
])

runs_trading_image(side) if {
	some found in side.images
	objects.image_name(found.image) == trading_image
}

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

# Whether a side of a subject guards trading.
is_guarded(subject) if [subject.kind, subject.name] in guarded

is_guarded(subject) if {
	some side in array.concat(subject.head, subject.base)
	serves(side)
}
