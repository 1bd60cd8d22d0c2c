//! A generated internet: sites on three continents and the ways between them.

use std::time::Duration;

use rand_core::SeedableRng;
use rand_pcg::Pcg32;

use crate::latency::{unit, Latency};
use crate::simulation::Simulation;

/// Round trips between the landing points of the continents, in milliseconds.
const OCEANS: [[f64; 3]; 3] = [[0.0, 75.0, 130.0], [75.0, 0.0, 165.0], [130.0, 165.0, 0.0]];

/// Sites of one continent, and its width in milliseconds of round trip.
const SITES: usize = 4;
const WIDTH: f64 = 40.0;

/// A way through cables is longer than the straight one: by this factor within a continent and
/// between two, drawn anew for each pair of sites. Detours of their own for each pair are what
/// no coordinate can express.
const STRETCH_WITHIN: f64 = 0.3;
const STRETCH_BETWEEN: f64 = 0.15;

/// Each one-way delay on top of the way: half of them 1 ms, one in a hundred beyond 6 ms.
const JITTER: Latency = Latency::LogNormal {
    median: Duration::from_millis(1),
    sigma: 0.8,
};

/// Round trips between all nodes: node `i` lies on continent `i % 3`.
#[derive(Clone, Debug)]
pub struct Continents {
    ways: Vec<Vec<Duration>>,
    jitter: Duration,
}

impl Continents {
    /// Places `nodes` nodes; the same seed gives the same map.
    pub fn new(nodes: u32, seed: u64) -> Self {
        let mut rng = Pcg32::seed_from_u64(seed);
        let mut place = || {
            let axis = |draw: f64| (draw - 0.5) * WIDTH;
            (axis(unit(&mut rng)), axis(unit(&mut rng)))
        };
        let sites: Vec<(f64, f64)> = (0..3 * SITES).map(|_| place()).collect();
        let mut between = vec![vec![0.0; 3 * SITES]; 3 * SITES];
        let halves = (0..3 * SITES).flat_map(|a| (0..a).map(move |b| (a, b)));
        for (a, b) in halves {
            let stretch = if a % 3 == b % 3 {
                STRETCH_WITHIN
            } else {
                STRETCH_BETWEEN
            };
            let detour = 1.0 + stretch * unit(&mut rng);
            between[a][b] = detour * straight(a, b, &sites);
            between[b][a] = between[a][b];
        }
        let access: Vec<f64> = (0..nodes).map(|_| 0.2 + 3.0 * unit(&mut rng)).collect();
        let site = |node: usize| node % (3 * SITES);
        let one_way = |a: usize, b: usize| {
            let round = between[site(a)][site(b)] + access[a] + access[b];
            Duration::from_secs_f64(round / 2_000.0)
        };
        let all = 0..nodes as usize;
        let row = |a| all.clone().map(|b| one_way(a, b)).collect();
        let mut jitter: Vec<Duration> = (0..4_001)
            .map(|_| JITTER.draw(&mut rng) + JITTER.draw(&mut rng))
            .collect();
        jitter.sort_unstable();
        Self {
            ways: all.clone().map(row).collect(),
            jitter: jitter[jitter.len() / 2],
        }
    }

    /// The median round trip between two nodes.
    pub fn round_trip(&self, a: u32, b: u32) -> Duration {
        2 * self.ways[a as usize][b as usize] + self.jitter
    }

    /// Whether two nodes lie on the same continent.
    pub fn neighbours(&self, a: u32, b: u32) -> bool {
        a % 3 == b % 3
    }

    /// Makes these ways the simulation's.
    pub(crate) fn lay(&self, sim: &mut Simulation) {
        sim.weather_mut().latency = JITTER;
        sim.weather_mut().between_regions.clone_from(&self.ways);
        for node in 0..self.ways.len() {
            sim.place(node as u32, node as u16);
        }
    }
}

/// The straight way between two sites in milliseconds: over land, or to the coast, across and on.
fn straight(a: usize, b: usize, sites: &[(f64, f64)]) -> f64 {
    let (x, y) = (sites[a], sites[b]);
    if a % 3 == b % 3 {
        return (x.0 - y.0).hypot(x.1 - y.1);
    }
    let inland = |(east, north): (f64, f64)| (east + WIDTH / 2.0).hypot(north) / 2.0;
    OCEANS[a % 3][b % 3] + inland(x) + inland(y)
}
