package writ.gitops_scope_test

import rego.v1

import data.writ.gitops_scope
import data.writ.lib.given

file(more) := object.union(
	{"path": "argocd/applications/torghut/a.yaml", "status": "changed", "base_kind": "regular", "head_kind": "regular", "is_lfs": false, "base_problem": null, "head_problem": null},
	more,
)

change(more, risk) := object.union(given.nothing, {"files": [file(more)], "request": given.request(risk)})

test_a_file_elsewhere_is_denied if {
	given.codes(gitops_scope.deny) == {"outside_path"} with input as change({"path": "argocd/applications/other/a.yaml"}, "containment")
}

test_a_folder_whose_name_begins_alike_is_elsewhere if {
	given.codes(gitops_scope.deny) == {"outside_path"} with input as change({"path": "argocd/applications/torghut-options/a.yaml"}, "containment")
}

test_links_and_pointers_are_denied_to_all if {
	given.codes(gitops_scope.deny) == {"not_a_file"} with input as object.union(given.nothing, {"files": [file({"head_kind": "symlink"})]})
	given.codes(gitops_scope.deny) == {"not_a_file"} with input as object.union(given.nothing, {"files": [file({"is_lfs": true})]})
}

test_procedures_change_no_kustomization if {
	given.codes(gitops_scope.deny) == {"structure"} with input as change({"path": "argocd/applications/torghut/kustomization.yaml"}, "restoring")
}

test_procedures_change_no_rights if {
	role := given.values({"group": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}, {"rules": []}, {"rules": [{}]})
	given.codes(gitops_scope.deny) == {"out_of_reach"} with input as object.union(role, {"request": given.request("restoring")})
	count(gitops_scope.deny) == 0 with input as role
}
