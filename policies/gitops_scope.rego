# METADATA
# title: Only ordinary files below the GitOps path
# description: |
#   Argo CD applies what is below the GitOps path. A procedure writes nothing else, and nobody may put symbolic links,
#   submodules or Git LFS pointers there, because each tool reads them differently.
# custom:
#   codes:
#     outside_path: A procedure would write outside the GitOps path.
#     not_a_file: A path would be a symbolic link, a submodule or a Git LFS pointer.
#     added_or_removed: A procedure would add or remove a file; procedures only change existing files.
#     out_of_reach: A procedure would change access rights, an Argo CD hook or a patch; only people may change these.
#     structure: A procedure would change a kustomization, which affects objects that it does not name.
#   go_on: >-
#     Put a regular file below the GitOps path. People change what procedures may not, in a separate pull request.
#   change: >-
#     `out_of_reach` lists the kinds that procedures may not change.
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
	remedy := "change only manifests below the GitOps path"
}

deny contains objects.finding("outside_path", message, file.path, "", remedy) if {
	some file in input.files
	some part in split(file.path, "/")
	part in {"", ".", "..", ".git"}
	message := "the path has empty, `.`, `..` or `.git` parts"
	remedy := "use plain relative paths"
}

deny contains objects.finding("not_a_file", message, file.path, "", remedy) if {
	some file in input.files
	file.head_kind in {"symlink", "submodule"}
	message := sprintf("the path would be a %s", [file.head_kind])
	remedy := "use a regular file"
}

deny contains objects.finding("not_a_file", message, file.path, "", remedy) if {
	some file in input.files
	file.is_lfs
	message := "the file would be a Git LFS pointer, which Argo CD applies as text"
	remedy := "commit the file itself"
}

deny contains objects.finding("added_or_removed", message, file.path, "", remedy) if {
	objects.risk != "none"
	some file in input.files
	file.status != "changed"
	message := sprintf("the file would be %s; procedures only change existing files", [file.status])
	remedy := "add and remove files in a separate pull request"
}

deny contains objects.finding("structure", message, file.path, "", remedy) if {
	objects.risk != "none"
	some file in input.files
	parts := split(file.path, "/")
	parts[count(parts) - 1] in {"kustomization.yaml", "kustomization.yml", "Kustomization"}
	message := "a kustomization affects objects that this procedure does not name"
	remedy := "change kustomizations in a separate pull request"
}

# A procedure may not change access rights, hooks (which run on every sync) or patches of kustomizations.
deny contains objects.finding("out_of_reach", message, objects.path(subject), "", remedy) if {
	objects.risk != "none"
	some subject in objects.touched
	some what in out_of_reach(subject)
	message := sprintf("%s %s", [objects.title(subject), what])
	remedy := "change it in a separate pull request"
}

out_of_reach(subject) := {"grants access rights" |
	subject.kind in {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount"}
} | {"is a hook, which runs on every sync" |
	some side in array.concat(subject.head, subject.base)
	some annotation, _ in objects.map(side.value.metadata.annotations)
	annotation in {"argocd.argoproj.io/hook", "helm.sh/hook"}
} | {"is a patch of other objects" |
	endswith(objects.path(subject), ".patch.yaml")
}
