//! Modules of the registry that are not in the repository: which inputs make policies, and what the role is named.
//!
//! One row per module; add a row to know another one.

use crate::policy::arn::IdentityKind;

/// What is known of a module by its source.
#[derive(Debug)]
pub(super) struct Known {
    /// How its source begins, or ends after a registry's name or a repository's.
    pub(super) source: &'static str,
    /// The identity that its policies are attached to.
    pub(super) kind: IdentityKind,
    /// Inputs that are statements, or JSON documents, of that identity.
    pub(super) policies: &'static [&'static str],
    /// Inputs that are ARNs of policies attached to it.
    pub(super) arns: &'static [&'static str],
    /// Inputs with its name, the first that is set, and the input that says that it is a prefix only, with its default.
    pub(super) names: &'static [Name],
}

/// An input with a name.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) input: &'static str,
    pub(super) prefix: Prefix,
}

/// Whether a name is only the first part of one.
#[derive(Debug)]
pub(super) enum Prefix {
    Never,
    Always,
    /// Unless this input says `false`.
    Unless(&'static str),
}

const fn exact(input: &'static str) -> Name {
    Name { input, prefix: Prefix::Never }
}

const fn prefix(input: &'static str) -> Name {
    Name { input, prefix: Prefix::Always }
}

const fn unless(input: &'static str, flag: &'static str) -> Name {
    Name { input, prefix: Prefix::Unless(flag) }
}

const fn role(
    source: &'static str,
    policies: &'static [&'static str],
    arns: &'static [&'static str],
    names: &'static [Name],
) -> Known {
    Known { source, kind: IdentityKind::Role, policies, arns, names }
}

const INLINE: &[&str] =
    &["inline_policy_permissions", "source_inline_policy_documents", "override_inline_policy_documents"];

/// The modules by source; the first that fits counts.
const MODULES: [Known; 23] = [
    role(
        "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts-eks",
        &[],
        &["role_policy_arns"],
        &[exact("role_name"), prefix("role_name_prefix")],
    ),
    role(
        "terraform-aws-modules/iam/aws//modules/iam-role-for-service-accounts",
        &["permissions", "inline_policy_permissions", "source_policy_documents", "override_policy_documents"],
        &["policies"],
        &[unless("name", "use_name_prefix")],
    ),
    role(
        "terraform-aws-modules/iam/aws//modules/iam-role",
        INLINE,
        &["policies"],
        &[unless("name", "use_name_prefix")],
    ),
    role(
        "terraform-aws-modules/iam/aws//modules/iam-assumable-role",
        &["inline_policy_statements"],
        &["custom_role_policy_arns", "role_policy_arns"],
        &[exact("role_name"), prefix("role_name_prefix")],
    ),
    role("terraform-aws-modules/iam/aws//modules/iam-github-oidc-role", &[], &["policies"], &[exact("name")]),
    role(
        "terraform-aws-modules/iam/aws//modules/iam-eks-role",
        &[],
        &["role_policy_arns"],
        &[exact("role_name"), prefix("role_name_prefix")],
    ),
    Known {
        source: "terraform-aws-modules/iam/aws//modules/iam-user",
        kind: IdentityKind::User,
        policies: INLINE,
        arns: &["policy_arns", "policies"],
        names: &[exact("name")],
    },
    Known {
        source: "terraform-aws-modules/iam/aws//modules/iam-group",
        kind: IdentityKind::Group,
        policies: &["permissions", "source_policy_documents", "override_policy_documents", "custom_group_policies"],
        arns: &["policies", "custom_group_policy_arns"],
        names: &[exact("name")],
    },
    role(
        "terraform-aws-modules/lambda/aws",
        &["policy_statements", "policy_json", "policy_jsons"],
        &["policy", "policies"],
        &[exact("role_name"), exact("function_name")],
    ),
    role(
        "terraform-aws-modules/ecs/aws//modules/service",
        &["tasks_iam_role_statements"],
        &["tasks_iam_role_policies"],
        &[
            unless("tasks_iam_role_name", "tasks_iam_role_use_name_prefix"),
            unless("name", "tasks_iam_role_use_name_prefix"),
        ],
    ),
    role(
        "terraform-aws-modules/ecs/aws//modules/cluster",
        &["task_exec_iam_statements"],
        &["task_exec_iam_role_policies"],
        &[unless("task_exec_iam_role_name", "task_exec_iam_role_use_name_prefix")],
    ),
    role("terraform-aws-modules/ecs/aws", &["task_exec_iam_statements"], &["task_exec_iam_role_policies"], &[]),
    role(
        "terraform-aws-modules/eks/aws//modules/karpenter",
        &["controller_iam_policy_statements", "iam_policy_statements", "node_iam_role_policy_statements"],
        &["iam_role_policies", "node_iam_role_additional_policies"],
        &[],
    ),
    role(
        "terraform-aws-modules/eks/aws//modules/",
        &["iam_role_policy_statements"],
        &["iam_role_additional_policies"],
        &[unless("iam_role_name", "iam_role_use_name_prefix")],
    ),
    role(
        "terraform-aws-modules/eks/aws",
        &["node_iam_role_policy_statements"],
        &["iam_role_additional_policies"],
        &[unless("iam_role_name", "iam_role_use_name_prefix")],
    ),
    role(
        "terraform-aws-modules/eks-pod-identity/aws",
        &["policy_statements", "source_policy_documents", "override_policy_documents"],
        &["additional_policy_arns"],
        &[unless("name", "use_name_prefix")],
    ),
    role(
        "terraform-aws-modules/step-functions/aws",
        &["policy_statements", "policy_json", "policy_jsons"],
        &["policy", "policies"],
        &[exact("role_name"), exact("name")],
    ),
    role(
        "terraform-aws-modules/eventbridge/aws",
        &["policy_statements", "policy_json", "policy_jsons"],
        &["policy", "policies"],
        &[exact("role_name")],
    ),
    role("cloudposse/iam-role/aws", &["policy_documents"], &["managed_policy_arns"], &[]),
    role("cloudposse/eks-iam-role/aws", &["aws_iam_policy_document"], &[], &[]),
    role(
        "cloudposse/lambda-function/aws",
        &["inline_iam_policy", "lambda_role_statements"],
        &["custom_iam_policy_arns"],
        &[],
    ),
    role(
        "cloudposse/iam-policy/aws",
        &["iam_policy_statements", "iam_policy", "iam_source_policy_documents", "iam_override_policy_documents"],
        &[],
        &[],
    ),
    role(
        "cloudposse/helm-release/aws",
        &["iam_policy_statements", "iam_policy", "iam_source_policy_documents", "iam_override_policy_documents"],
        &[],
        &[],
    ),
];

/// What is known of a module by its source.
pub(super) fn known(source: &str) -> Option<&'static Known> {
    let source = in_registry(source);
    MODULES.iter().find(|known| source.starts_with(known.source))
}

/// The name in the registry of a source: `git::https://github.com/a/terraform-aws-iam.git//modules/x?ref=v1` is
/// `a/iam/aws//modules/x`.
pub(super) fn in_registry(source: &str) -> String {
    let source = source.split('?').next().unwrap_or(source);
    let source = source.strip_prefix("git::").unwrap_or(source);
    let source = source.strip_prefix("https://").or(source.strip_prefix("ssh://")).unwrap_or(source);
    let source = source.strip_prefix("git@").unwrap_or(source);
    if let Some(name) = ["registry.terraform.io/", "registry.opentofu.org/"].iter().find_map(|r| source.strip_prefix(r))
    {
        return name.to_owned();
    }
    let Some(path) = source.strip_prefix("github.com/").or(source.strip_prefix("github.com:")) else {
        return source.to_owned();
    };
    let (repository, folder) = path.split_once("//").map_or((path, None), |(path, folder)| (path, Some(folder)));
    let named = repository.strip_suffix(".git").unwrap_or(repository).split_once("/terraform-aws-");
    let Some((owner, name)) = named else { return path.to_owned() };
    let folder = folder.map_or_else(String::new, |folder| format!("//{folder}"));
    format!("{owner}/{name}/aws{folder}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_known_by_registry_and_by_repository() {
        let role = "terraform-aws-modules/iam/aws//modules/iam-role";
        for source in [
            role,
            "registry.terraform.io/terraform-aws-modules/iam/aws//modules/iam-role",
            "git::https://github.com/terraform-aws-modules/terraform-aws-iam.git//modules/iam-role?ref=v6.0.0",
            "git@github.com:terraform-aws-modules/terraform-aws-iam.git//modules/iam-role",
            "github.com/terraform-aws-modules/terraform-aws-iam//modules/iam-role",
        ] {
            assert_eq!(in_registry(source), role, "{source}");
            assert!(known(source).is_some_and(|known| known.source == role), "{source}");
        }
        assert!(known("./modules/iam-role").is_none());
        assert!(known("github.com/someone/else//x").is_none());
    }
}
