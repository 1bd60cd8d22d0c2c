//! What is known by node and by job, so that the end of either costs only what it removes.

use core::hash::Hash;
use std::collections::{HashMap, VecDeque};

use ahash::RandomState;

use super::record::{Neighbours, Record, Records, NIL};
use super::Subject;

/// What the table knows about a node.
#[derive(Debug)]
pub(super) struct NodeEntry {
    /// Its record on the node layer.
    pub(super) suspicion: u32,
    /// The first of its records on the job layer.
    pub(super) jobs: u32,
    /// How many of those are deaths.
    pub(super) deaths: u32,
    /// Suspicions below this incarnation were refuted.
    pub(super) refuted: u64,
    /// The incarnation at which the node died.
    pub(super) dead: Option<u64>,
    /// Its mark in [`Index::idle`], 0 for none.
    mark: u64,
}

impl NodeEntry {
    const NEW: Self = Self {
        suspicion: NIL,
        jobs: NIL,
        deaths: 0,
        refuted: 0,
        dead: None,
        mark: 0,
    };

    const fn is_idle(&self) -> bool {
        self.suspicion == NIL && self.jobs == NIL
    }

    const fn is_blank(&self) -> bool {
        self.is_idle() && self.refuted == 0 && self.dead.is_none()
    }
}

/// An answer of [`Index::look`].
pub(super) struct Known {
    /// The record of the subject, or [`NIL`].
    pub(super) record: u32,
    pub(super) dead: bool,
    pub(super) refuted: u64,
}

#[derive(Debug, Default)]
pub(super) struct JobEntry {
    pub(super) head: u32,
    pub(super) len: usize,
}

#[derive(Debug)]
pub(super) struct Index<J, N> {
    nodes: HashMap<N, NodeEntry, RandomState>,
    jobs: HashMap<J, JobEntry, RandomState>,
    pairs: HashMap<(J, N), u32, RandomState>,
    /// Nodes that are only remembered, the longest remembered first; outdated where the mark
    /// is not that of the entry.
    idle: VecDeque<(N, u64)>,
    marks: u64,
    most_nodes: usize,
}

impl<J: Copy + Eq + Hash, N: Copy + Eq + Hash> Index<J, N> {
    pub(super) fn new(most_nodes: usize) -> Self {
        // No iteration order of these maps is ever seen, and ids are handles of the owner's
        // choosing: fixed seeds keep a run repeatable.
        let state = || RandomState::with_seeds(1, 2, 3, 4);
        Self {
            nodes: HashMap::with_hasher(state()),
            jobs: HashMap::with_hasher(state()),
            pairs: HashMap::with_hasher(state()),
            idle: VecDeque::new(),
            marks: 0,
            most_nodes,
        }
    }

    pub(super) fn node(&self, node: N) -> Option<&NodeEntry> {
        self.nodes.get(&node)
    }

    pub(super) fn job(&self, job: J) -> Option<&JobEntry> {
        self.jobs.get(&job)
    }

    /// Gives back the room of what is no longer known.
    pub(super) fn shrink(&mut self) {
        self.nodes.shrink_to_fit();
        self.jobs.shrink_to_fit();
        self.pairs.shrink_to_fit();
        self.idle.shrink_to_fit();
    }

    pub(super) fn nodes_known(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn jobs_known(&self) -> usize {
        self.jobs.len()
    }

    /// The record of `subject`.
    pub(super) fn record(&self, subject: &Subject<J, N>) -> Option<u32> {
        let index = match subject.job {
            None => self.nodes.get(&subject.node)?.suspicion,
            Some(job) => *self.pairs.get(&(job, subject.node))?,
        };
        (index != NIL).then_some(index)
    }

    /// What matters to an accusation of `subject`.
    pub(super) fn look(&self, subject: &Subject<J, N>) -> Known {
        let node = self.nodes.get(&subject.node);
        let record = match subject.job {
            None => node.map_or(NIL, |entry| entry.suspicion),
            Some(job) => self.pairs.get(&(job, subject.node)).copied().unwrap_or(NIL),
        };
        Known {
            record,
            dead: node.is_some_and(|entry| entry.dead.is_some()),
            refuted: node.map_or(0, |entry| entry.refuted),
        }
    }

    /// Whether a node can have an entry. Room is made by forgetting the node that has been
    /// idle the longest.
    pub(super) fn has_room(&mut self, node: N) -> bool {
        if self.nodes.len() < self.most_nodes || self.nodes.contains_key(&node) {
            return true;
        }
        self.make_room();
        self.nodes.len() < self.most_nodes
    }

    fn make_room(&mut self) {
        while let Some((oldest, mark)) = self.idle.pop_front() {
            let Some(entry) = self
                .nodes
                .get_mut(&oldest)
                .filter(|entry| entry.mark == mark)
            else {
                continue;
            };
            entry.mark = 0;
            if entry.is_idle() {
                self.nodes.remove(&oldest);
                return;
            }
        }
    }

    /// Enters a record that is in `records` already; its node has an entry.
    pub(super) fn link(&mut self, records: &mut Records<J, N>, index: u32, subject: Subject<J, N>) {
        let node = self.nodes.entry(subject.node).or_insert(NodeEntry::NEW);
        let Some(job) = subject.job else {
            node.suspicion = index;
            return;
        };
        let next_of_node = core::mem::replace(&mut node.jobs, index);
        let entry = self
            .jobs
            .entry(job)
            .or_insert(JobEntry { head: NIL, len: 0 });
        entry.len += 1;
        let next_of_job = core::mem::replace(&mut entry.head, index);
        self.pairs.insert((job, subject.node), index);
        if let Some(record) = records.find_mut(index) {
            record.of_node.next = next_of_node;
            record.of_job.next = next_of_job;
        }
        if let Some(next) = records.find_mut(next_of_node) {
            next.of_node.prev = index;
        }
        if let Some(next) = records.find_mut(next_of_job) {
            next.of_job.prev = index;
        }
    }

    /// Strikes a record that was just removed from `records`; `refuted` is the incarnation
    /// that refuted it, 0 for none.
    pub(super) fn unlink(
        &mut self,
        records: &mut Records<J, N>,
        record: &Record<J, N>,
        refuted: u64,
    ) {
        let Subject { job, node } = record.subject;
        if let Some(job) = job {
            self.pairs.remove(&(job, node));
            detach(records, record.of_job, |r| &mut r.of_job);
            detach(records, record.of_node, |r| &mut r.of_node);
            self.unlink_job(job, record.of_job);
        }
        self.update(node, |entry| {
            entry.refuted = entry.refuted.max(refuted);
            match job {
                None => entry.suspicion = NIL,
                Some(_) => {
                    entry.deaths -= u32::from(record.is_death());
                    if record.of_node.prev == NIL {
                        entry.jobs = record.of_node.next;
                    }
                }
            }
        });
    }

    fn unlink_job(&mut self, job: J, neighbours: Neighbours) {
        let Some(entry) = self.jobs.get_mut(&job) else {
            return;
        };
        entry.len -= 1;
        if neighbours.prev == NIL {
            entry.head = neighbours.next;
        }
        if entry.len == 0 {
            self.jobs.remove(&job);
        }
    }

    /// Applies `change` to what is known about a node, if anything is. An entry that says
    /// nothing after it is dropped, and one that is only a memory queued.
    pub(super) fn update(&mut self, node: N, change: impl FnOnce(&mut NodeEntry)) {
        let Some(entry) = self.nodes.get_mut(&node) else {
            return;
        };
        change(entry);
        if entry.is_blank() {
            self.nodes.remove(&node);
        } else if entry.is_idle() && entry.mark == 0 {
            self.marks += 1;
            entry.mark = self.marks;
            self.idle.push_back((node, self.marks));
            self.tidy();
        }
    }

    /// As [`Self::update`], with an entry made where it is missing.
    pub(super) fn update_or_new(&mut self, node: N, change: impl FnOnce(&mut NodeEntry)) {
        self.nodes.entry(node).or_insert(NodeEntry::NEW);
        self.update(node, change);
    }

    /// Keeps outdated marks from outnumbering the nodes.
    fn tidy(&mut self) {
        if self.idle.len() > 2 * self.nodes.len() + 64 {
            let nodes = &self.nodes;
            self.idle
                .retain(|(node, mark)| nodes.get(node).is_some_and(|e| e.mark == *mark));
        }
    }
}

fn detach<J, N>(
    records: &mut Records<J, N>,
    at: Neighbours,
    list: impl Fn(&mut Record<J, N>) -> &mut Neighbours,
) {
    if let Some(prev) = records.find_mut(at.prev) {
        list(prev).next = at.next;
    }
    if let Some(next) = records.find_mut(at.next) {
        list(next).prev = at.prev;
    }
}
