# METADATA
# title: Only ordinary files below the GitOps path
# description: |
#   Argo CD applies what stands below the GitOps path. A procedure writes nothing else, and below it nobody puts symbolic
#   links, submodules or Git LFS pointers, which mean something else to each tool that reads them.
# custom:
#   codes:
#     outside_path: A procedure would write outside of the GitOps path.
#     not_a_file: A path would hold a symbolic link, a submodule or a Git LFS pointer.
#     added_or_removed: A procedure would add or remove a file; procedures only change files.
#     out_of_reach: A procedure would change rights, a hook of Argo CD's, or a patch; people decide about these.
#     structure: A procedure would change a kustomization, which changes objects that it does not name.
#   go_on: >-
#     Put a regular file below the GitOps path. What procedures may not touch, people change in a pull request of
#     their own.
#   change: >-
#     `out_of_reach` lists the kinds that procedures leave alone.
#   example:
#     code: not_a_file
#     file: postgres-cluster.yaml
#     to: "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
package writ.gitops_scope

import rego.v1

import data.writ.lib.objects

deny contains objects.finding("outside_path", message, file.path, "", remedy) if {
	objects.risk != "none"
	some file in input.files
	not startswith(file.path, concat("", [input.gitops_path, "/"]))
	message := sprintf("`%s` is not below `%s`", [file.path, input.gitops_path])
	remedy := "change manifests below the GitOps path only"
}

deny contains objects.finding("outside_path", message, file.path, "", remedy) if {
	some file in input.files
	some part in split(file.path, "/")
	part in {"", ".", "..", ".git"}
	message := "the path is not a plain one"
	remedy := "use plain relative paths"
}

deny contains objects.finding("not_a_file", message, file.path, "", remedy) if {
	some file in input.files
	file.head_kind in {"symlink", "submodule"}
	message := sprintf("the path would hold a %s", [file.head_kind])
	remedy := "put a regular file there"
}

deny contains objects.finding("not_a_file", message, file.path, "", remedy) if {
	some file in input.files
	file.is_lfs
	message := "the file would be a Git LFS pointer, which Argo CD applies as text"
	remedy := "put the file itself there"
}

deny contains objects.finding("added_or_removed", message, file.path, "", remedy) if {
	objects.risk != "none"
	some file in input.files
	file.status != "changed"
	message := sprintf("the procedure would have the file %s", [file.status])
	remedy := "add and remove files in a pull request of your own"
}

deny contains objects.finding("structure", message, file.path, "", remedy) if {
	objects.risk != "none"
	some file in input.files
	parts := split(file.path, "/")
	parts[count(parts) - 1] in {"kustomization.yaml", "kustomization.yml", "Kustomization"}
	message := "a kustomization decides about objects that this procedure does not name"
	remedy := "change kustomizations in a pull request of your own"
}

# Rights, hooks (which run again at every sync) and patches of kustomizations are nothing that a procedure names.
deny contains objects.finding("out_of_reach", message, objects.path(subject), "", remedy) if {
	objects.risk != "none"
	some subject in objects.touched
	some what in out_of_reach(subject)
	message := sprintf("%s %s", [objects.title(subject), what])
	remedy := "change it in a pull request of your own"
}

out_of_reach(subject) := {"decides who may do what" |
	subject.kind in {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount"}
} | {"is a hook, which runs again at every sync" |
	some side in array.concat(subject.head, subject.base)
	some annotation, _ in objects.map(side.value.metadata.annotations)
	annotation in {"argocd.argoproj.io/hook", "helm.sh/hook"}
} | {"is a patch of other objects" |
	endswith(objects.path(subject), ".patch.yaml")
}
