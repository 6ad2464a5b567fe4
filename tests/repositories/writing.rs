//! The files of a repository, in the notations of CloudFormation, Terraform and JSON, with its configuration and exports.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::{ACCOUNTS, Also, Bound, Part, Policy, Repository, Said, Statement, StatementKind, UnitKind, Unused};

/// A repository as it is written.
pub(crate) struct Written {
    /// Paths and texts.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) config: String,
    pub(crate) exports: [String; 2],
}

/// Writes a repository, in which everything stands in one order or in the other.
pub(crate) struct Writer<'r> {
    pub(crate) repository: &'r Repository,
    pub(crate) is_reversed: bool,
}

const TRUST: &str = r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;

/// The `Sid` of a statement, which no other has.
pub(crate) fn sid(policy: usize, statement: usize) -> String {
    format!("P{policy}S{statement}")
}

impl Repository {
    pub(crate) fn arn(&self, role: usize, account: usize) -> String {
        let path = if self.roles[role].has_path { "team/" } else { "" };
        format!("arn:aws:iam::{}:role/{path}role{role}", ACCOUNTS[account])
    }
}

impl Writer<'_> {
    pub(crate) fn written(&self) -> Written {
        let mut files = Vec::new();
        for (unit, drawn) in self.repository.units.iter().enumerate() {
            match drawn.kind {
                UnitKind::Template => files.push((format!("{}/template.yaml", self.folder(unit)), self.template(unit))),
                UnitKind::Module => files.extend(self.module(unit)),
                UnitKind::Loose => {
                    files.extend(self.policies(unit).map(|(index, p)| (self.loose(index, p), p.json(index))));
                }
            }
        }
        Written { files, config: self.config().to_string(), exports: self.exports() }
    }

    fn in_order<T>(&self, mut all: Vec<T>) -> Vec<T> {
        if self.is_reversed {
            all.reverse();
        }
        all
    }

    fn folder(&self, unit: usize) -> String {
        format!("{}-unit", if self.is_reversed { 9 - unit } else { unit })
    }

    fn policies(&self, unit: usize) -> impl Iterator<Item = (usize, &Policy)> {
        self.repository.policies.iter().enumerate().filter(move |(_, policy)| policy.unit == unit)
    }

    /// The roles that a unit declares.
    fn roles(&self, unit: usize) -> impl Iterator<Item = usize> {
        (0..self.repository.roles.len()).filter(move |role| self.repository.roles[*role].home == unit)
    }

    fn is_home(&self, role: usize, policy: &Policy) -> bool {
        self.repository.roles[role].home == policy.unit
    }

    /// Whether a role says that it has a policy, rather than the policy that it is the role's.
    fn refers(&self, role: usize, policy: &Policy) -> bool {
        let units = &self.repository.units;
        let is_elsewhere = [policy.unit, self.repository.roles[role].home].map(|unit| units[unit].kind);
        let is_told = self.is_home(role, policy) || (policy.is_managed && !is_elsewhere.contains(&UnitKind::Loose));
        policy.is_referred_to && policy.roles.contains(&role) && is_told
    }

    /// The managed policies that a role says it has.
    fn managed(&self, role: usize) -> impl Iterator<Item = (usize, &Policy)> {
        let all = self.repository.policies.iter().enumerate();
        all.filter(move |(_, policy)| policy.is_managed && self.refers(role, policy))
    }

    /// The path of a loose document.
    fn loose(&self, index: usize, policy: &Policy) -> String {
        let folder = self.folder(policy.unit);
        match (&policy.bound, policy.roles.first()) {
            (Bound::Guess, Some(role)) => format!("{folder}/policy{index}/role{role}.json"),
            _ => format!("{folder}/policy{index}.json"),
        }
    }
}

/// CloudFormation.
impl Writer<'_> {
    fn template(&self, unit: usize) -> String {
        let roles = self.roles(unit).map(|role| self.role_resource(role, unit));
        let policies = self.policies(unit).filter_map(|(index, policy)| self.policy_resource(index, policy));
        let bounded = |(index, policy): (usize, &Policy)| {
            let role = format!(
                "  Bounded{index}:\n    Type: AWS::IAM::Role\n    Properties:\n      PermissionsBoundary: !Ref Policy{index}\n"
            );
            (self.repository.also(policy) == Also::Boundary).then_some(role)
        };
        let resources = self.in_order(roles.chain(policies).chain(self.policies(unit).filter_map(bounded)).collect());
        let exported = self.policies(unit).filter(|(_, policy)| self.repository.also(policy) == Also::HandedOn);
        let exported = exported.map(|(index, _)| format!("  Out{index}:\n    Value: !Ref Policy{index}\n"));
        let outputs: String = exported.collect();
        let outputs = if outputs.is_empty() { outputs } else { format!("Outputs:\n{outputs}") };
        format!("AWSTemplateFormatVersion: '2010-09-09'\nResources:\n{}{outputs}", resources.concat())
    }

    fn role_resource(&self, role: usize, unit: usize) -> String {
        let path = if self.repository.roles[role].has_path { "      Path: /team/\n" } else { "" };
        let mut out = format!(
            "  Role{role}:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: role{role}\n{path}      AssumeRolePolicyDocument: {TRUST}\n"
        );
        let managed = self.managed(role).map(|(index, policy)| match self.is_home(role, policy) {
            true => format!("!Ref Policy{index}"),
            false => format!("!Sub 'arn:aws:iam::${{AWS::AccountId}}:policy/policy{index}'"),
        });
        let managed: Vec<String> = managed.collect();
        let _ = writeln!(out, "      ManagedPolicyArns: [{}]", managed.join(", "));
        let inline: Vec<_> = self.policies(unit).filter(|(_, policy)| self.is_written_inside(policy)).collect();
        let inline: Vec<_> = inline.into_iter().filter(|(_, policy)| policy.roles.contains(&role)).collect();
        if !inline.is_empty() {
            out.push_str("      Policies:\n");
        }
        for (index, policy) in inline {
            let document = policy.property(index, 10);
            let _ = write!(out, "        - PolicyName: policy{index}\n          PolicyDocument:{document}");
        }
        out
    }

    /// Whether a policy stands in the resource of its only role.
    fn is_written_inside(&self, policy: &Policy) -> bool {
        let only = policy.roles.first().filter(|_| policy.roles.len() == 1);
        !policy.is_managed && only.is_some_and(|role| self.refers(*role, policy))
    }

    fn policy_resource(&self, index: usize, policy: &Policy) -> Option<String> {
        if self.is_written_inside(policy) {
            return None;
        }
        let kind = if policy.is_managed { "ManagedPolicy" } else { "Policy" };
        let key = if policy.is_managed { "ManagedPolicyName" } else { "PolicyName" };
        let named = policy.roles.iter().filter(|role| !policy.is_managed || !self.refers(**role, policy));
        let named = named.map(|&role| match self.is_home(role, policy) {
            true => format!("!Ref Role{role}"),
            false => format!("role{role}"),
        });
        let roles = named.collect::<Vec<_>>().join(", ");
        let document = policy.property(index, 6);
        Some(format!(
            "  Policy{index}:\n    Type: AWS::IAM::{kind}\n    Properties:\n      {key}: policy{index}\n      Roles: [{roles}]\n      PolicyDocument:{document}"
        ))
    }
}

/// Terraform.
impl Writer<'_> {
    fn module(&self, unit: usize) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = Vec::new();
        let mut bodies = String::new();
        for (index, policy) in self.policies(unit) {
            match policy.body() {
                Body::Local => {
                    let _ = writeln!(bodies, "locals {{\n  policy{index} = jsonencode({})\n}}", policy.json(index));
                }
                Body::Document => bodies += &policy.blocks(index),
                Body::File => files.push((format!("policy{index}.json"), policy.json(index))),
                Body::InPlace => {}
            }
        }
        let roles = self.roles(unit).map(|role| self.role_block(role, unit));
        let resources = self.policies(unit).map(|(index, policy)| self.policy_blocks(index, policy));
        let names = ["roles.tf", "policies.tf", "bodies.tf"];
        let texts = [self.in_order(roles.collect()).concat(), self.in_order(resources.collect()).concat(), bodies];
        files.extend(names.into_iter().map(str::to_owned).zip(texts));
        let named = |(rank, (name, text)): (usize, (String, String))| {
            let is_module = name.ends_with(".tf");
            let rank = if self.is_reversed { 9 - rank } else { rank };
            let name = if is_module { format!("{rank}-{name}") } else { name };
            (format!("{}/{name}", self.folder(unit)), text)
        };
        files.into_iter().enumerate().map(named).collect()
    }

    fn role_block(&self, role: usize, unit: usize) -> String {
        let path = if self.repository.roles[role].has_path { "  path = \"/team/\"\n" } else { "" };
        let mut out = format!(
            "resource \"aws_iam_role\" \"role{role}\" {{\n  name = \"role{role}\"\n{path}  assume_role_policy = jsonencode({TRUST})\n"
        );
        let referred: Vec<_> = self.policies(unit).filter(|(_, policy)| self.refers(role, policy)).collect();
        let managed = self.managed(role).map(|(index, policy)| match self.is_home(role, policy) {
            true => format!("aws_iam_policy.policy{index}.arn"),
            false => format!("\"arn:aws:iam::${{data.aws_caller_identity.this.account_id}}:policy/policy{index}\""),
        });
        let managed: Vec<String> = managed.collect();
        let _ = writeln!(out, "  managed_policy_arns = [{}]", managed.join(", "));
        for (index, policy) in referred.iter().filter(|(_, policy)| !policy.is_managed) {
            let _ = writeln!(
                out,
                "  inline_policy {{\n    name = \"policy{index}\"\n    policy = {}\n  }}",
                policy.taken(*index)
            );
        }
        out + "}\n"
    }

    fn policy_blocks(&self, index: usize, policy: &Policy) -> String {
        let role = |role: usize| match self.is_home(role, policy) {
            true => format!("aws_iam_role.role{role}.name"),
            false => format!("\"role{role}\""),
        };
        let named = policy.roles.iter().filter(|role| !self.refers(**role, policy));
        let mut blocks: Vec<String> = named.map(|&of| match policy.is_managed {
            true => format!("resource \"aws_iam_role_policy_attachment\" \"policy{index}_{of}\" {{\n  role = {}\n  policy_arn = aws_iam_policy.policy{index}.arn\n}}\n", role(of)),
            false => format!("resource \"aws_iam_role_policy\" \"policy{index}_{of}\" {{\n  role = {}\n  policy = {}\n}}\n", role(of), policy.taken(index)),
        }).collect();
        if policy.is_managed {
            blocks.push(format!(
                "resource \"aws_iam_policy\" \"policy{index}\" {{\n  name = \"policy{index}\"\n  policy = {}\n}}\n",
                policy.taken(index)
            ));
        }
        match self.repository.also(policy) {
            Also::HandedOn => blocks.push(format!("output \"policy{index}\" {{\n  value = aws_iam_policy.policy{index}.arn\n}}\n")),
            Also::Boundary => blocks.push(format!("resource \"aws_iam_role\" \"bounded{index}\" {{\n  name = \"bounded{index}\"\n  assume_role_policy = jsonencode({TRUST})\n  permissions_boundary = aws_iam_policy.policy{index}.arn\n}}\n")),
            Also::Nothing => {}
        }
        self.in_order(blocks).concat()
    }
}

/// Where the document of a Terraform policy is written.
enum Body {
    Local,
    Document,
    File,
    InPlace,
}

impl Policy {
    fn body(&self) -> Body {
        match self.form {
            0 => Body::Local,
            1 => Body::Document,
            2 => Body::File,
            _ if self.is_managed || self.roles.len() == 1 => Body::InPlace,
            _ => Body::Document,
        }
    }

    /// The document as an attribute takes it.
    fn taken(&self, index: usize) -> String {
        match self.body() {
            Body::Local => format!("local.policy{index}"),
            Body::Document => format!("data.aws_iam_policy_document.policy{index}.json"),
            Body::File => format!("file(\"${{path.module}}/policy{index}.json\")"),
            Body::InPlace => format!("<<EOF\n{}\nEOF", self.json(index)),
        }
    }

    pub(crate) fn json(&self, index: usize) -> String {
        let statements = self.statements.iter().enumerate();
        let statements = statements.map(|(at, statement)| statement.json(&sid(index, at)));
        format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.collect::<Vec<_>>().join(", "))
    }

    /// The document as the value of a key at `column`.
    fn property(&self, index: usize, column: usize) -> String {
        if self.form < 2 {
            return format!(" {}\n", self.json(index));
        }
        let pad = " ".repeat(column + 2);
        let mut out = format!("\n{pad}Statement:\n");
        for (at, statement) in self.statements.iter().enumerate() {
            let _ = write!(out, "{pad}  - Sid: {}\n{pad}    Effect: {}\n", sid(index, at), statement.effect());
            let _ = writeln!(out, "{pad}    {}:", statement.element());
            statement.entries.iter().for_each(|entry| out += &format!("{pad}      - '{entry}'\n"));
            let _ = writeln!(out, "{pad}    Resource: arn:aws:s3:::bucket");
            if statement.has_condition {
                let _ = writeln!(out, "{pad}    Condition: {{Bool: {{aws:SecureTransport: true}}}}");
            }
        }
        out
    }

    /// The document in Terraform's own words.
    fn blocks(&self, index: usize) -> String {
        let mut out = format!("data \"aws_iam_policy_document\" \"policy{index}\" {{\n");
        for (at, statement) in self.statements.iter().enumerate() {
            let actions = if statement.element() == "Action" { "actions" } else { "not_actions" };
            let entries: String = statement.entries.iter().map(|entry| format!("      \"{entry}\",\n")).collect();
            let _ = write!(
                out,
                "  statement {{\n    sid = \"{}\"\n    effect = \"{}\"\n",
                sid(index, at),
                statement.effect()
            );
            let _ = write!(out, "    {actions} = [\n{entries}    ]\n    resources = [\"arn:aws:s3:::bucket\"]\n");
            if statement.has_condition {
                out += "    condition {\n      test = \"Bool\"\n      variable = \"aws:SecureTransport\"\n      values = [\"true\"]\n    }\n";
            }
            out += "  }\n";
        }
        out + "}\n"
    }
}

impl Statement {
    fn effect(&self) -> &'static str {
        if self.kind == StatementKind::Deny { "Deny" } else { "Allow" }
    }

    fn element(&self) -> &'static str {
        if self.kind == StatementKind::AllowAllBut { "NotAction" } else { "Action" }
    }

    fn json(&self, sid: &str) -> String {
        let (effect, element, entries) = (self.effect(), self.element(), json!(self.entries));
        let condition =
            if self.has_condition { r#", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"# } else { "" };
        format!(
            r#"{{"Sid": "{sid}", "Effect": "{effect}", "{element}": {entries}, "Resource": "arn:aws:s3:::bucket"{condition}}}"#
        )
    }
}

/// What is not linted.
impl Writer<'_> {
    fn config(&self) -> Value {
        let ids = |accounts: &[usize]| accounts.iter().map(|account| ACCOUNTS[*account]).collect::<Vec<_>>();
        let units = self.repository.units.iter().enumerate();
        let units = units.map(|(unit, drawn)| (format!("{}/**", self.folder(unit)), ids(&drawn.accounts)));
        let all = units.chain([("**".to_owned(), ids(&self.repository.everywhere))]);
        let accounts = all.filter(|(_, ids)| !ids.is_empty()).map(|(glob, ids)| (glob, json!(ids)));
        let bindings = self.repository.policies.iter().enumerate().filter_map(|(index, policy)| {
            let is_loose = self.repository.units[policy.unit].kind == UnitKind::Loose;
            let identities = self.bound(policy).filter(|identities| is_loose && !identities.is_empty())?;
            Some(json!({ "policy": self.loose(index, policy), "identities": identities }))
        });
        let bindings = self.in_order(bindings.collect());
        let allow = self.repository.allow.iter().map(|allow| {
            let until = if allow.has_ended { "2026-10-12" } else { "2026-10-13" };
            json!({ "identity": format!("*/role{}", allow.role), "action": allow.action, "reason": "drill", "until": until })
        });
        json!({
            "accounts": accounts.collect::<serde_json::Map<_, _>>(), "bindings": bindings,
            "allow": allow.collect::<Vec<_>>(), "newer-entries": "report", "max-age": "never",
        })
    }

    fn bound(&self, policy: &Policy) -> Option<Vec<String>> {
        let names = policy.roles.iter().map(|role| format!("role{role}"));
        match &policy.bound {
            Bound::Arns(accounts) => {
                let arns = |role: &usize| {
                    accounts.iter().map(|account| self.repository.arn(*role, *account)).collect::<Vec<_>>()
                };
                Some(policy.roles.iter().flat_map(arns).collect())
            }
            Bound::Names => Some(names.collect()),
            Bound::Guess => None,
        }
    }

    /// An older export and a newer one.
    fn exports(&self) -> [String; 2] {
        let mut exports = [Vec::new(), Vec::new()];
        for (role, drawn) in self.repository.roles.iter().enumerate() {
            for (account, said) in drawn.said.iter().enumerate() {
                let arn = self.repository.arn(role, account);
                for (export, copy) in exports.iter_mut().zip(said.copies()) {
                    export.extend(copy.map(|(id, status, day, unused)| finding(id, &arn, status, day, unused)));
                }
            }
            let user = format!("arn:aws:iam::{}:user/role{role}", ACCOUNTS[0]);
            exports[1].extend(drawn.twin.iter().map(|unused| finding("a", &user, "ACTIVE", 10, Some(unused))));
        }
        exports.map(|findings| json!(self.in_order(findings)).to_string())
    }
}

/// A finding as one export has it: its id among those of its identity, status, day, and what is unused; none where that
/// is the role as a whole.
type Exported<'a> = (&'static str, &'static str, u32, Option<&'a Unused>);

impl Said {
    /// What the older export has, and the newer.
    fn copies(&self) -> [Option<Exported<'_>>; 2] {
        let active = |id, day, unused| Some((id, "ACTIVE", day, unused));
        let archived = |unused| Some(("a", "ARCHIVED", 10, Some(unused)));
        let resolved = |unused| Some(("b", "RESOLVED", 10, Some(unused)));
        match self {
            Self::Nothing => [None, None],
            Self::Unused(unused) => [None, active("a", 10, Some(unused))],
            Self::Twice { older, newer, is_one } => {
                [active("a", 5, Some(older)), active(if *is_one { "a" } else { "b" }, 10, Some(newer))]
            }
            Self::AtOnce(one, other) => [active("a", 10, Some(one)), active("b", 10, Some(other))],
            Self::Archived(unused) => [None, archived(unused)],
            Self::ArchivedSince(unused) => [active("a", 5, Some(unused)), archived(unused)],
            Self::ResolvedSince(unused) => [active("a", 5, Some(unused)), resolved(unused)],
            Self::UsedSince(unused) => [active("a", 5, None), resolved(unused)],
            Self::UnusedRole => [None, active("a", 10, None)],
            Self::UnusedRoleSince(unused) => [active("a", 5, Some(unused)), active("b", 10, None)],
            Self::UsedAgain(unused) => [active("a", 5, None), active("b", 10, Some(unused))],
        }
    }
}

/// A finding of unused permissions, or that the role as a whole is unused.
fn finding(id: &str, arn: &str, status: &str, day: u32, unused: Option<&Unused>) -> Value {
    let of_service = |(service, part): &(&str, Part)| {
        let names = match part {
            Part::Whole => &BTreeSet::new(),
            Part::Names(names) => names,
        };
        let actions: Vec<Value> = names.iter().map(|name| json!({ "action": name })).collect();
        json!({ "unusedPermissionDetails": { "serviceNamespace": service, "actions": actions } })
    };
    let (kind, details) = match unused {
        Some(unused) => ("UnusedPermission", unused.iter().map(of_service).collect()),
        None => ("UnusedIAMRole", vec![json!({ "unusedIamRoleDetails": {} })]),
    };
    let resource_type = if arn.contains(":user/") { "AWS::IAM::User" } else { "AWS::IAM::Role" };
    json!({
        "id": format!("{id} of {arn}"), "resource": arn, "resourceType": resource_type, "status": status, "findingType": kind,
        "analyzedAt": format!("2026-10-{day:02}T00:00:00Z"), "findingDetails": details,
    })
}
