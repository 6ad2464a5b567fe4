//! OCSF `iam_analysis_finding` (class 2008), as Security Hub passes findings on, as far as its optional parts are filled.
//!
//! Source: <https://schema.ocsf.io/classes/iam_analysis_finding>.

use serde::Deserialize;

use super::candidate::{self, Closed, Reported, When};
use super::moment::Moment;
use super::reading::{Reading, bare_name, is_plain, normalized};
use super::stream::Item;
use super::{UnusedAction, UnusedActions, UnusedPermissions, UnusedService};
use crate::error::Error;
use crate::policy::arn::IdentityArn;

/// `class_uid` of `iam_analysis_finding`.
const CLASS: u64 = 2008;

#[derive(Deserialize)]
struct Finding {
    #[serde(default)]
    classuid: Option<u64>,
    #[serde(default)]
    time: Moment,
    #[serde(default)]
    statusid: Option<i64>,
    #[serde(default)]
    findinginfo: Option<Uid>,
    #[serde(default)]
    user: Option<Uid>,
    #[serde(default)]
    resource: Option<Uid>,
    #[serde(default)]
    resources: Option<Vec<Uid>>,
    #[serde(default)]
    permissionanalysisresults: Option<Vec<Analysis>>,
}

#[derive(Deserialize)]
struct Uid {
    #[serde(default)]
    uid: Option<String>,
    #[serde(default)]
    uidalt: Option<String>,
}

#[derive(Deserialize)]
struct Analysis {
    #[serde(default)]
    serviceprivilegeanalysislist: Option<Vec<Service>>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    allprivilegesunused: Option<bool>,
    #[serde(default)]
    lastusedtime: Moment,
    #[serde(default)]
    privilegeattackinfolist: Option<Vec<AttackInfo>>,
}

#[derive(Deserialize)]
struct AttackInfo {
    #[serde(default)]
    privilegeinfolist: Option<Vec<Privilege>>,
}

#[derive(Deserialize)]
struct Privilege {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    isunused: Option<bool>,
    #[serde(default)]
    lastusedtime: Moment,
}

impl Finding {
    fn identity(&self) -> Option<IdentityArn> {
        let resources = self.resources.iter().flatten().chain(&self.resource).chain(&self.user);
        let uids = resources.flat_map(|resource| [&resource.uid, &resource.uidalt]);
        uids.flatten().find_map(|uid| IdentityArn::parse(uid))
    }

    /// `status_id`: 3 is suppressed, 4 resolved, 5 archived.
    fn closed(&self) -> Option<Closed> {
        match self.statusid? {
            3 | 5 => Some(Closed::Archived),
            4 => Some(Closed::Resolved),
            _ => None,
        }
    }
}

impl Reading<'_> {
    pub(super) fn take_ocsf(&mut self, item: &Item<'_>) -> Result<(), Error> {
        let path = self.read.export.path.clone();
        let place = (item.line, item.column);
        let wrong = |message: String| Error::new(message).at(&path, item.line, item.column);
        let finding: Finding = normalized(item.bytes)
            .map_err(|message| wrong(message).help("an OCSF finding of class 2008 is expected"))?;
        let services = self.ocsf_services(&finding);
        let has_names = finding.permissionanalysisresults.is_some() && finding.classuid == Some(CLASS);
        if !has_names {
            self.refuse(place, "this OCSF finding has no analysis of permissions, and so no action names");
            return Ok(());
        }
        self.count(finding.time, true, place);
        let Some(arn) = finding.identity() else {
            self.warn("a finding names no resource");
            return Ok(());
        };
        if !self.selection.keeps(&arn) {
            return Ok(());
        }
        let when = When { analyzed_at: finding.time.timestamp(), updated_at: None };
        let id = finding.findinginfo.as_ref().and_then(|info| info.uid.clone()).unwrap_or_default();
        let closed = finding.closed();
        let permissions = &mut self.candidate(arn).permissions;
        match closed {
            Some(status) => permissions.close(&id, when, status),
            None => {
                let findings = Some(id.clone()).filter(|id| !id.is_empty()).into_iter().collect();
                let analyzed_at = when.analyzed_at;
                let unused = UnusedPermissions { findings, analyzed_at, services, truncated: false };
                permissions.take(&id, when, Reported::Usable(unused));
            }
        }
        Ok(())
    }

    fn ocsf_services(&mut self, finding: &Finding) -> Vec<UnusedService> {
        let mut services = Vec::new();
        let results = finding.permissionanalysisresults.iter().flatten();
        for service in results.filter_map(|result| result.serviceprivilegeanalysislist.as_ref()).flatten() {
            let Some(name) = service.name.as_deref().filter(|name| is_plain(name)) else {
                self.warn("an analysis of permissions names no service");
                continue;
            };
            let is_whole = service.allprivilegesunused == Some(true) && !self.is_recent(service.lastusedtime);
            let (last_accessed, actions) = if is_whole {
                (service.lastusedtime.date(), UnusedActions::Whole)
            } else {
                (None, UnusedActions::Only(self.ocsf_actions(name, service)))
            };
            let prefix = self.words.word(&name.to_ascii_lowercase());
            candidate::add(&mut services, UnusedService { prefix, last_accessed, actions });
        }
        services
    }

    fn ocsf_actions(&mut self, prefix: &str, service: &Service) -> Vec<UnusedAction> {
        let infos = service.privilegeattackinfolist.iter().flatten();
        let privileges = infos.filter_map(|info| info.privilegeinfolist.as_ref()).flatten();
        let mut names = Vec::new();
        for privilege in privileges.filter(|privilege| privilege.isunused == Some(true)) {
            let name = privilege.name.as_deref().and_then(|name| bare_name(prefix, name));
            if let Some(name) = name.filter(|name| is_plain(name) && !self.is_recent(privilege.lastusedtime)) {
                let name = self.words.word(name);
                names.push(UnusedAction { name, last_accessed: privilege.lastusedtime.date() });
            }
        }
        candidate::sorted(names)
    }
}
