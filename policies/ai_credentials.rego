# METADATA
# title: Models have no credentials
# description: |
#   What asks or watches a language model holds no key of the broker, the databases or Kafka, and no variable gets the
#   broker's key under another name.
# custom:
#   codes:
#     ai_credential: The model layer would get a credential, or the broker's secret would be read under another name.
#   go_on: >-
#     Give the model layer keys of its own, from a secret of its own. The broker's keys stay under their names.
#   change: >-
#     `is_model_name` and `is_model_workload` decide what belongs to the model layer, `is_system_secret` which secrets it
#     may not read.
#   example:
#     code: ai_credential
#     file: scheduler-deployment.yaml
#     from: "            - name: LLM_ENABLED\n"
#     to: "            - name: JANGAR_API_KEY\n              valueFrom: {secretKeyRef: {name: torghut-alpaca, key: APCA_API_SECRET_KEY}}\n            - name: LLM_ENABLED\n"
package writ.ai_credentials

import rego.v1

import data.writ.lib.objects
import data.writ.lib.settings
import data.writ.lib.workloads

remedy := "use a secret of the model layer's own; keep the broker's keys under the names that the rules know"

is_model_name(name) if regex.match(`^(LLM|JANGAR|AGENTS|OPENAI|ANTHROPIC|DSPY|MODEL)_`, name)

is_model_workload(subject) if regex.match(`(^|-)(llm|jangar|agents?|dspy|models?)(-|$)`, subject.name)

is_system_secret(name) if name in workloads.broker_secrets

is_system_secret(name) if regex.match(`alpaca|broker|kafka|clickhouse|(^|-)(db|postgres|tigerbeetle)(-|$)`, name)

# The broker's own variables beside the keys.
broker_names := workloads.broker_keys | {"APCA_API_BASE_URL", "APCA_DATA_API_BASE_URL", "ALPACA_BASE_URL", "ALPACA_STREAM_URL", "ALPACA_TRADE_STREAM_URL"}

referred(occurrence) := occurrence.from.secretKeyRef.name

is_new(subject, name, occurrence) if not occurrence.from in {object.get(known, "from", null) |
	some known in settings.occurrences(subject.base, name)
}

deny contains objects.finding("ai_credential", message, objects.path(subject), settings.pointer(subject, name), remedy) if {
	some subject in objects.touched
	some name in subject.differing
	some occurrence in settings.occurrences(subject.head, name)
	secret := referred(occurrence)
	is_new(subject, name, occurrence)
	is_wrong(subject, name, secret)
	message := sprintf("`%s` of %s would be read from Secret `%s`", [name, objects.title(subject), secret])
}

is_wrong(_, name, secret) if {
	secret in workloads.broker_secrets
	not name in broker_names
}

is_wrong(_, name, secret) if {
	is_model_name(name)
	is_system_secret(secret)
}

is_wrong(subject, _, secret) if {
	is_model_workload(subject)
	is_system_secret(secret)
}

# Sets of variables and files of secrets.
whole_secrets(side) := {name |
	some container in workloads.containers(side)
	some entry in objects.list(container.envFrom)
	name := entry.secretRef.name
} | {name |
	some pod in objects.pods(side)
	some volume in objects.list(pod.value.spec.volumes)
	walk(volume, [path, name])
	is_string(name)
	path[count(path) - 1] in {"secretName", "name"}
	count([step | some step in path; step in {"secret", "sources"}]) > 0
}

deny contains objects.finding("ai_credential", message, side.path, "/spec", remedy) if {
	some subject in objects.touched
	is_model_workload(subject)
	some side in subject.head
	some name in whole_secrets(side) - {known | some before in subject.base; some known in whole_secrets(before)}
	is_system_secret(name)
	message := sprintf("%s would read all of Secret `%s`", [objects.title(subject), name])
}
