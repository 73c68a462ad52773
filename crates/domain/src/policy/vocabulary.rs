//! The words of the policy language: verbs, facts, items and kinds of role. Each list is closed, so that a
//! new word does not compile until every table has it.

use crate::id::Slug;
use crate::words::words;
use serde::{Deserialize, Serialize};
use std::fmt;

words! {
    /// What somebody may ask of a case. What a verb means is code; who may do it, and when, is policy.
    Verb {
        /// Open a case from a report (CS-01). Anybody may.
        Receive = "receive", "receive the report";
        /// Tell the reporter that the report arrived.
        Acknowledge = "acknowledge", "acknowledge the report";
        /// Give a report that is out of scope to the organisation named for it (CS-04).
        HandOver = "hand-over", "hand the report over";
        /// Find that it is a vulnerability of this project (CS-02).
        Confirm = "confirm", "confirm the vulnerability";
        /// Find that it is not (CS-02, CS-03).
        Deny = "deny", "deny the vulnerability";
        /// Tell the reporter the verdict (CS-03).
        TellReporter = "tell-reporter", "tell the reporter the verdict";
        /// Link it to the case that it duplicates. A link, not a close.
        MarkDuplicate = "mark-duplicate", "mark it as a duplicate";
        /// Let another case take this one in.
        Merge = "merge", "merge it into another case";
        /// Rate it with CVSS (CS-06).
        Rate = "rate", "rate the severity";
        /// Make a person responsible.
        Assign = "assign", "assign it to a person";
        /// Invite a person to this case (CS-20).
        Invite = "invite", "invite a helper";
        /// As an invited person: acknowledge confidence for this case (CS-20).
        AcknowledgeConfidence = "acknowledge-confidence", "acknowledge confidence";
        /// Write to the reporter.
        MessageReporter = "message-reporter", "write to the reporter";
        /// Propose an embargo.
        ProposeEmbargo = "propose-embargo", "propose an embargo";
        /// Accept the proposed embargo or revision.
        AcceptEmbargo = "accept-embargo", "accept the proposed embargo";
        /// Propose another end for the running embargo.
        ReviseEmbargo = "revise-embargo", "propose to revise the embargo";
        /// Reject the proposed embargo or revision.
        RejectEmbargo = "reject-embargo", "reject the proposed embargo";
        /// End the running embargo at once.
        EndEmbargo = "end-embargo", "end the embargo now";
        /// Record that the public knows of it.
        RecordPublic = "record-public", "record that it is publicly known";
        /// Record that an exploit is public.
        RecordExploited = "record-exploited", "record that an exploit is public";
        /// Record that attacks are seen.
        RecordAttacked = "record-attacked", "record that attacks are seen";
        /// Attach the patch for one release (CS-09).
        AttachPatch = "attach-patch", "attach a patch";
        /// Record the test of one release's patch (CS-10).
        RecordTest = "record-test", "record a test result";
        /// Say why a release has no patch that is found to apply (XEN-24).
        GiveReason = "give-reason", "give the reason why a release has no patch that applies";
        /// Set a CVE identifier (CS-08).
        ReserveCve = "reserve-cve", "reserve a CVE identifier";
        /// Give the advisory its number.
        AssignNumber = "assign-number", "assign the advisory's number";
        /// Write or replace the text of the advisory (CS-11).
        DraftAdvisory = "draft-advisory", "draft the advisory";
        /// Approve the drafted text.
        Approve = "approve", "approve the advisory";
        /// Send the advisory to the predisclosure list (CS-14, XEN-03).
        Predisclose = "predisclose", "predisclose to the list";
        /// Record the neutral commit on one release's branch (CS-12).
        RecordCommit = "record-commit", "record a public commit";
        /// Record the released version that contains the patch (CS-13).
        RecordRelease = "record-release", "record a release";
        /// Join a batch of cases that share one disclosure instant (XEN-22).
        Batch = "batch", "join a batch";
        /// Stage the announcement for the disclosure instant (CS-16).
        Announce = "announce", "stage the announcement";
        /// Make the case publicly readable (CS-18).
        OpenCase = "open-case", "open the case to the public";
        /// Draft the next version of a public advisory (XEN-21).
        Reissue = "reissue", "re-issue the advisory";
        /// Write the retrospective (CS-19).
        Retrospective = "retrospective", "write the retrospective";
        /// Close the case.
        Close = "close", "close the case";
    }
}

words! {
    /// What can be known of a case. The unit of every rule about secrecy.
    Item {
        /// That there is a case at all.
        Existence = "existence", "that an issue exists";
        /// The advisory's number.
        AdvisoryNumber = "advisory-number", "the advisory's number";
        /// Its CVE identifiers.
        CveNumber = "cve-number", "the CVE numbers";
        /// The planned instant of disclosure.
        PlannedDate = "planned-date", "the planned date";
        /// The rating.
        Severity = "severity", "the severity";
        /// What an attacker gains.
        Impact = "impact", "the impact";
        /// Which releases and configurations.
        Scope = "scope", "the scope";
        /// Which systems are vulnerable.
        AffectedSystems = "affected-systems", "the affected systems";
        /// What is wrong.
        Nature = "nature", "the nature of the vulnerability";
        /// The text of the advisory.
        AdvisoryText = "advisory-text", "the advisory's text";
        /// The patches and the commits that fix it.
        FixCommits = "fix-commits", "the fix commits";
        /// Released or built software with the fix.
        PatchedSoftware = "patched-software", "patched software";
        /// That and where the fix is deployed.
        Deployment = "deployment", "deployment of the fix";
        /// A notice to users about a disruption.
        OutageNotice = "outage-notice", "an outage notice";
        /// The case's record: report, messages, people, negotiation, log.
        Record = "record", "the record of the case";
    }
}

words! {
    /// How people come by a role.
    RoleKind {
        /// The security team, named in the instance's configuration.
        Team = "team", "people named in the configuration";
        /// Invited to one case, and only after acknowledging confidence.
        Helper = "helper", "invited to one case";
        /// Reported the case.
        Reporter = "reporter", "reported the case";
        /// On the predisclosure list.
        Member = "member", "organisations on the predisclosure list";
        /// Another body that is told of cases, such as a foundation's security team.
        Contact = "contact", "a body that is told";
        /// Everybody.
        Public = "public", "everybody";
    }
}

words! {
    /// How strongly a rule binds.
    Force {
        /// Broken rules are refused or alarm.
        Duty = "duty", "a duty";
        /// Broken rules are said, and go on.
        Advice = "advice", "advice";
    }
}

words! {
    /// Whether a member may pass an item on.
    Answer {
        /// Freely.
        Yes = "yes", "yes";
        /// With the security team's permission.
        Ask = "ask", "with permission";
        /// Not at all.
        No = "no", "no";
    }
}

words! {
    /// What form the answer to one part of an application to the list has (XEN-15).
    Asked {
        /// The organisation's name.
        Organisation = "organisation", "the organisation's name";
        /// The domains that it uses.
        Domains = "domains", "its domains";
        /// A few words.
        Words = "words", "a few words";
        /// Which products use the software; nothing where all do.
        Products = "products", "which products use the software, unless all do";
        /// A link to a public page of its own.
        Evidence = "evidence", "a link to a public page of its own";
        /// That it has read the policy and will abide by it.
        Statement = "statement", "a statement that it has read the policy and will abide by it";
        /// The one address for the list. Never public (XEN-19).
        Alias = "alias", "the address for the list";
    }
}

words! {
    /// What a page shown as evidence is (XEN-16).
    Evidence {
        /// An ordinary page.
        Page = "page", "an ordinary page";
        /// A PDF that an ordinary page links.
        Pdf = "pdf", "a PDF";
        /// A blog post.
        Blog = "blog-post", "a blog post";
        /// A talk, or its slides.
        Talk = "talk", "a conference talk";
        /// A page of a social network.
        Social = "social-media", "a page of a social network";
        /// A Flash presentation.
        Flash = "flash", "a Flash presentation";
        /// A video.
        Video = "video", "a video";
        /// Behind a registration or a password.
        Closed = "registration", "a page behind registration or password";
    }
}

words! {
    /// What becomes of an incomplete application (XEN-17).
    Incomplete {
        /// It is rejected, with what is missing named. Nobody has a button to accept it.
        Rejected = "rejected", "rejected, with what is missing named";
        /// It is decided about like the others. The checker shows whom that lets in.
        Decided = "decided", "decided about like a complete one";
    }
}

words! {
    /// Who may see the list of members (CS-21, XEN-19).
    Exposure {
        /// Everybody.
        Public = "public", "everybody";
        /// Only the team. The checker shows whom that hides.
        Private = "private", "the team alone";
    }
}

words! {
    /// A fact that the program establishes by itself. `after` and `before` in a policy name facts.
    BuiltFact {
        /// A report opened the case.
        Received = "received", "the report was received";
        /// The reporter knows that the report arrived.
        Acknowledged = "acknowledged", "the report was acknowledged";
        /// The report went to another organisation.
        HandedOver = "handed-over", "the report was handed over";
        /// It is a vulnerability of this project.
        Confirmed = "confirmed", "the vulnerability was confirmed";
        /// It is not.
        Denied = "denied", "the vulnerability was denied";
        /// The reporter knows the verdict.
        ReporterTold = "reporter-told", "the reporter was told the verdict";
        /// It is linked to the case that it duplicates.
        Duplicate = "duplicate", "it is a duplicate";
        /// Another case took it in.
        Merged = "merged", "it was merged into another case";
        /// It has a CVSS rating.
        Rated = "rated", "the severity was rated";
        /// A person is responsible.
        Assigned = "assigned", "it was assigned";
        /// An embargo was agreed.
        EmbargoAgreed = "embargo-agreed", "an embargo was agreed";
        /// The embargo is over.
        EmbargoOver = "embargo-over", "the embargo is over";
        /// The public knows of it, from us or from elsewhere.
        KnownPublic = "known-public", "it is publicly known";
        /// An exploit is public.
        Exploited = "exploited", "an exploit is public";
        /// Attacks are seen.
        Attacked = "attacked", "attacks are seen";
        /// Every affected release has a patch. Not lasting: a release may be added.
        PatchedEverywhere = "patched-everywhere", "every affected release has a patch";
        /// The current patch of every affected release passed its test. Not lasting.
        TestedEverywhere = "tested-everywhere", "every affected release's patch passed its test";
        /// The patch of every affected release is found to apply, or there is a reason why not. Not lasting.
        ResolvedEverywhere = "resolved-everywhere", "every affected release has a patch that is found to apply, or a reason";
        /// It has a CVE identifier.
        CveReserved = "cve-reserved", "a CVE identifier was reserved";
        /// The advisory has its number.
        NumberAssigned = "number-assigned", "the advisory has its number";
        /// There is a text.
        Drafted = "drafted", "the advisory was drafted";
        /// The current text has every approval that the policy asks for. Not lasting: a new text needs new ones.
        Approved = "approved", "the current text was approved";
        /// The list has it.
        Predisclosed = "predisclosed", "it was predisclosed to the list";
        /// Every affected release has its public commit.
        Committed = "committed", "every affected release has its commit";
        /// Every affected release has a released version with the patch.
        Released = "released", "every affected release has a fixed version";
        /// The current version is staged for its instant. Not lasting.
        Staged = "staged", "the announcement is staged";
        /// The advisory is public.
        Announced = "announced", "the advisory is public";
        /// The case is publicly readable.
        Opened = "opened", "the case is publicly readable";
        /// A second or later version is public.
        Reissued = "reissued", "a re-issue is public";
        /// The retrospective is written.
        Reviewed = "reviewed", "the retrospective was written";
        /// The case is closed.
        Closed = "closed", "the case is closed";
    }
}

/// A fact of a case: one of the program's own, or one that a policy's custom step establishes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// Established by the program.
    Built(BuiltFact),
    /// Established by the custom step of this name.
    Custom(Slug),
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::Built(fact) => f.write_str(fact.name()),
            Fact::Custom(step) => f.write_str(step.as_str()),
        }
    }
}

impl Verb {
    /// The fact that doing it establishes, where it is one of the case as a whole.
    #[must_use]
    pub fn establishes(self) -> Option<BuiltFact> {
        match self {
            Verb::Receive => Some(BuiltFact::Received),
            Verb::Acknowledge => Some(BuiltFact::Acknowledged),
            Verb::HandOver => Some(BuiltFact::HandedOver),
            Verb::Confirm => Some(BuiltFact::Confirmed),
            Verb::Deny => Some(BuiltFact::Denied),
            Verb::TellReporter => Some(BuiltFact::ReporterTold),
            Verb::MarkDuplicate => Some(BuiltFact::Duplicate),
            Verb::Merge => Some(BuiltFact::Merged),
            Verb::Rate => Some(BuiltFact::Rated),
            Verb::Assign => Some(BuiltFact::Assigned),
            Verb::AcceptEmbargo => Some(BuiltFact::EmbargoAgreed),
            Verb::EndEmbargo => Some(BuiltFact::EmbargoOver),
            Verb::RecordPublic => Some(BuiltFact::KnownPublic),
            Verb::RecordExploited => Some(BuiltFact::Exploited),
            Verb::RecordAttacked => Some(BuiltFact::Attacked),
            Verb::AttachPatch => Some(BuiltFact::PatchedEverywhere),
            Verb::RecordTest => Some(BuiltFact::TestedEverywhere),
            Verb::GiveReason => Some(BuiltFact::ResolvedEverywhere),
            Verb::ReserveCve => Some(BuiltFact::CveReserved),
            Verb::AssignNumber => Some(BuiltFact::NumberAssigned),
            Verb::DraftAdvisory => Some(BuiltFact::Drafted),
            Verb::Approve => Some(BuiltFact::Approved),
            Verb::Predisclose => Some(BuiltFact::Predisclosed),
            Verb::RecordCommit => Some(BuiltFact::Committed),
            Verb::RecordRelease => Some(BuiltFact::Released),
            Verb::Announce => Some(BuiltFact::Announced),
            Verb::OpenCase => Some(BuiltFact::Opened),
            Verb::Reissue => Some(BuiltFact::Reissued),
            Verb::Retrospective => Some(BuiltFact::Reviewed),
            Verb::Close => Some(BuiltFact::Closed),
            Verb::Invite
            | Verb::AcknowledgeConfidence
            | Verb::MessageReporter
            | Verb::ProposeEmbargo
            | Verb::ReviseEmbargo
            | Verb::RejectEmbargo
            | Verb::Batch => None,
        }
    }

    /// The items that doing it hands to the public, whatever the policy says: a commit on a public branch
    /// is public. The policy must allow each, or the verb is refused (CS-12, CS-13).
    #[must_use]
    pub fn exposes_to_public(self) -> &'static [Item] {
        match self {
            Verb::RecordCommit => &[Item::FixCommits],
            Verb::RecordRelease => &[Item::PatchedSoftware],
            Verb::OpenCase => &[Item::Record],
            Verb::Receive
            | Verb::Acknowledge
            | Verb::HandOver
            | Verb::Confirm
            | Verb::Deny
            | Verb::TellReporter
            | Verb::MarkDuplicate
            | Verb::Merge
            | Verb::Rate
            | Verb::Assign
            | Verb::Invite
            | Verb::AcknowledgeConfidence
            | Verb::MessageReporter
            | Verb::ProposeEmbargo
            | Verb::AcceptEmbargo
            | Verb::ReviseEmbargo
            | Verb::RejectEmbargo
            | Verb::EndEmbargo
            | Verb::RecordPublic
            | Verb::RecordExploited
            | Verb::RecordAttacked
            | Verb::AttachPatch
            | Verb::RecordTest
            | Verb::GiveReason
            | Verb::ReserveCve
            | Verb::AssignNumber
            | Verb::DraftAdvisory
            | Verb::Approve
            | Verb::Predisclose
            | Verb::Batch
            | Verb::Announce
            | Verb::Reissue
            | Verb::Retrospective
            | Verb::Close => &[],
        }
    }
}
