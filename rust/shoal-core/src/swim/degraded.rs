//! Slow, not dead: a member whose host lags behind its own schedule says so itself.

use core::time::Duration;

use super::news::News;
use super::{MemberId, Node};
use crate::event::Event;
use crate::gossip::Urgency;
use crate::wire::Degraded;

impl Node {
    /// Tells how late the host (or the Python above it) runs its own schedule. Above
    /// [`crate::config::Lifeguard::lag_degraded`] the member says that it is degraded and
    /// trusts its own accusations less.
    pub fn report_lag(&mut self, now: crate::Instant, lag: Duration) {
        self.enter(now);
        let degraded = self.table.row(MemberId::LOCAL).degraded;
        let (worse, better) = {
            let config = &self.config.lifeguard;
            (lag >= config.lag_degraded, lag < config.lag_recovered)
        };
        if worse {
            self.worsen_health(1);
        }
        if worse && !degraded {
            self.set_own_degraded(true);
        } else if better && degraded {
            self.mend_health();
            self.set_own_degraded(false);
        }
    }

    fn set_own_degraded(&mut self, degraded: bool) {
        let row = self.table.row_mut(MemberId::LOCAL);
        row.degraded_sequence = row.degraded_sequence.wrapping_add(1);
        self.note_degraded(MemberId::LOCAL, degraded);
    }

    pub(super) fn read_degraded(&mut self, degraded: &Degraded) {
        let Some(id) = self.table.by_instance(degraded.subject) else {
            return;
        };
        let row = self.table.row(id);
        let sequence = degraded.sequence as u16;
        // Sequences wrap round: the newer is less than half the circle ahead.
        let newer = (sequence.wrapping_sub(row.degraded_sequence) as i16) > 0;
        if id == MemberId::LOCAL || !newer || !row.state.is_living() {
            return;
        }
        self.table.row_mut(id).degraded_sequence = sequence;
        self.note_degraded(id, degraded.level > 0);
    }

    fn note_degraded(&mut self, id: MemberId, degraded: bool) {
        self.tell(News::Degraded(id), Urgency::Plain);
        let row = self.table.row_mut(id);
        if row.degraded == degraded {
            return;
        }
        row.degraded = degraded;
        let member = row.member();
        self.events.push_back(if degraded {
            Event::Degraded { member }
        } else {
            Event::Recovered { member }
        });
    }
}
