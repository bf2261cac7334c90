# ConfigMaps that workloads read. A package of its own, as `writ.lib.digests` is.
package writ.lib.maps

import rego.v1

import data.writ.lib.objects
import data.writ.lib.workloads

# ConfigMaps whose entries are variables of a workload on either side: `name`, of those that trade or forward.
is_read(name) if name in known

known contains name if {
	some subject in input.objects
	subject.kind in workloads.lasting
	some side in array.concat(subject.base, subject.head)
	some container in objects.containers(side)
	some entry in objects.list(container.envFrom)
	name := entry.configMapRef.name
	workloads.is_looked_at(side)
}

known contains name if {
	some subject in input.objects
	subject.kind == "FlinkDeployment"
	not endswith(subject.name, "-sim")
	some side in array.concat(subject.base, subject.head)
	some container in objects.containers(side)
	some entry in objects.list(container.envFrom)
	name := entry.configMapRef.name
}
