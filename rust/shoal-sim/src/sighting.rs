//! What nodes were seen to believe.

use shoal_core::{Event, Instant, Verdict};

/// What a node told its host about another, without the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Came to know it as alive.
    Joined,
    /// Began to suspect it.
    Suspected,
    /// Stopped suspecting it.
    Refuted,
    /// Held it for dead, by its own judgement.
    Condemned,
    /// Held it for dead, on another's word.
    ToldDead,
    /// Saw it say goodbye.
    Left,
    /// Learnt new metadata.
    Updated,
    /// Received a user event that it sent.
    Heard,
}

impl Kind {
    /// Whether the member is held for dead from here on.
    pub const fn is_death(self) -> bool {
        matches!(self, Self::Condemned | Self::ToldDead)
    }

    /// The kind in one word of lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Suspected => "suspected",
            Self::Refuted => "refuted",
            Self::Condemned => "condemned",
            Self::ToldDead => "told_dead",
            Self::Left => "left",
            Self::Updated => "updated",
            Self::Heard => "heard",
        }
    }
}

/// One change of one node's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, in virtual time.
    pub at: Instant,
    /// Whose view changed.
    pub observer: u32,
    /// About whom.
    pub subject: u32,
    /// How.
    pub kind: Kind,
    /// The subject's boot epoch and name, as one number.
    pub instance: u64,
    /// The subject's incarnation after the change; zero for user events.
    pub incarnation: u64,
}

impl Sighting {
    /// The sighting that an event is; `None` for events about no single node.
    pub(crate) fn of(at: Instant, observer: u32, event: &Event) -> Option<Self> {
        if let Event::UserEvent { from, .. } = event {
            let subject = index_of(from)?;
            return Some(Self {
                at,
                observer,
                subject,
                kind: Kind::Heard,
                instance: 0,
                incarnation: 0,
            });
        }
        let (kind, member) = match event {
            Event::Joined { member } => (Kind::Joined, member),
            Event::Suspected { member, .. } => (Kind::Suspected, member),
            Event::Refuted { member } => (Kind::Refuted, member),
            Event::Died { member, reason } if reason.verdict == Verdict::Ours => {
                (Kind::Condemned, member)
            }
            Event::Died { member, .. } => (Kind::ToldDead, member),
            Event::Left { member } => (Kind::Left, member),
            Event::Updated { member } => (Kind::Updated, member),
            _ => return None,
        };
        Some(Self {
            at,
            observer,
            subject: index_of(member.name())?,
            kind,
            instance: member.instance(),
            incarnation: member.incarnation(),
        })
    }
}

/// The name of the node with a number.
pub(crate) fn name_of(index: u32) -> String {
    format!("n{index}")
}

fn index_of(name: &str) -> Option<u32> {
    name.strip_prefix('n')?.parse().ok()
}
