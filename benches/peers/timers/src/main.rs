//! Timer structures beside each other, in one process and one run.
//!
//! Deadlines are uniform over 1 to 60 seconds. Every contender sees the same sequence. A figure
//! is the least of the repeats, in nanoseconds of processor time an operation; the ratio is theirs over ours.
//! From an expiry, the least that the same took with nothing in the structure is taken off.
//!
//! usage: timers [REPEATS] [ours]

mod contenders;

use std::hint::black_box;

use cpu_time::ThreadTime;

use contenders::{Delays, HashWheel, Heap, Ours, Timers};

/// What one pass measures: the operations, then both expiries of an empty structure.
type Figures = [f64; 9];

const OPERATIONS: [&str; 7] = [
    "insert",
    "insert + cancel it, n live",
    "insert one + cancel another, n live",
    "move, n live",
    "cancel all",
    "expire, steps of 1 ms",
    "expire, one jump",
];

/// xorshift64*: the same numbers for everybody.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn delay(&mut self) -> u64 {
        1_000 + (self.next() >> 32) % 59_000
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.next() >> 32) as usize * n) >> 32
    }
}

/// Nanoseconds an operation of `work`, which does `count` of them.
fn timed<T: Timers>(count: usize, work: impl FnOnce()) -> f64 {
    let mut taken = 0;
    T::within(|| {
        let start = ThreadTime::now();
        work();
        taken = start.elapsed().as_nanos();
    });
    taken as f64 / count as f64
}

fn plain(count: usize, work: impl FnOnce()) -> f64 {
    let start = ThreadTime::now();
    work();
    start.elapsed().as_nanos() as f64 / count as f64
}

fn filled<T: Timers>(timers: &mut T, base: u64, n: usize, numbers: &mut Numbers) -> Vec<T::Key> {
    (0..n as u64)
        .map(|id| timers.insert(base + numbers.delay(), id))
        .collect()
}

fn pass<T: Timers>(n: usize) -> Figures {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut timers = T::new();
    let mut result = [f64::NAN; 9];
    let mut keys = Vec::new();
    for round in 0..2_u64 {
        let base = round * 70_000;
        result[0] = timed::<T>(n, || keys = filled(&mut timers, base, n, &mut numbers));
        if round == 0 {
            timers.step_to(70_000);
        }
    }
    let base = 70_000;
    let count = n.max(100_000);
    let mut fresh = n as u64;
    result[1] = timed::<T>(count, || {
        for _ in 0..count {
            fresh += 1;
            let key = timers.insert(base + numbers.delay(), fresh);
            timers.cancel(black_box(key));
        }
    });
    result[2] = timed::<T>(count, || {
        for _ in 0..count {
            fresh += 1;
            let which = numbers.below(n);
            let key = timers.insert(base + numbers.delay(), fresh);
            timers.cancel(std::mem::replace(&mut keys[which], key));
        }
    });
    result[3] = timed::<T>(count, || {
        for _ in 0..count {
            let which = numbers.below(n);
            keys[which] = timers.reschedule(keys[which], base + numbers.delay());
        }
    });
    for last in (1..n).rev() {
        keys.swap(last, numbers.below(last + 1));
    }
    result[4] = timed::<T>(n, || keys.drain(..).for_each(|key| timers.cancel(key)));
    (result[5], result[7]) = expiry(n, |timers: &mut T, to| Some(timers.step_to(to)));
    (result[6], result[8]) = expiry(n, T::jump_to);
    result
}

/// The second filling of a structure, so that its memory is warm, and then an empty one.
fn expiry<T: Timers>(n: usize, fire: impl Fn(&mut T, u64) -> Option<usize>) -> (f64, f64) {
    let mut numbers = Numbers(0xD1B5_4A32_D192_ED03);
    let mut timers = T::new();
    T::within(|| drop(filled(&mut timers, 0, n, &mut numbers)));
    timers.step_to(70_000);
    T::within(|| drop(filled(&mut timers, 70_000, n, &mut numbers)));
    let mut fired = None;
    let full = plain(n, || fired = fire(&mut timers, 140_000));
    if fired.is_none() {
        return (f64::NAN, f64::NAN);
    }
    assert_eq!(fired, Some(n), "{} lost timers", T::NAME);
    let idle = plain(n, || {
        fire(&mut timers, 210_000);
    });
    (full, idle)
}

type Pass = fn(usize) -> Figures;

/// The least of the repeats, contenders taking turns.
fn compare(n: usize, repeats: usize, first: usize) -> Vec<(&'static str, Figures)> {
    let contenders: [(&str, Pass); 4] = [
        (Ours::NAME, pass::<Ours>),
        (Delays::NAME, pass::<Delays>),
        (HashWheel::NAME, pass::<HashWheel>),
        (Heap::NAME, pass::<Heap>),
    ];
    let mut best: Vec<_> = contenders
        .iter()
        .take(first)
        .map(|(name, _)| (*name, [f64::NAN; 9]))
        .collect();
    for _ in 0..repeats {
        for ((_, best), (_, pass)) in best.iter_mut().zip(&contenders) {
            for (least, given) in best.iter_mut().zip(pass(n)) {
                *least = least.min(given);
            }
        }
    }
    for (_, best) in &mut best {
        best[5] -= best[7];
        best[6] -= best[8];
    }
    best
}

fn print(n: usize, table: &[(&'static str, Figures)]) {
    println!("\n## {n} timers, ns an operation (ratio to ours)\n");
    println!("| | {} |", OPERATIONS.join(" | "));
    println!("|{}", " --- |".repeat(OPERATIONS.len() + 1));
    let ours = table[0].1;
    for (name, figures) in table {
        let cells: Vec<String> = figures
            .iter()
            .take(OPERATIONS.len())
            .zip(ours)
            .map(|(figure, ours)| match figure.is_nan() {
                true => "cannot".into(),
                false => format!("{figure:.1} ({:.1})", figure / ours),
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

fn main() {
    assert!(
        !cfg!(debug_assertions),
        "measure a release build: cargo run --release"
    );
    let repeats = std::env::args()
        .nth(1)
        .and_then(|given| given.parse().ok())
        .unwrap_or(5);
    let contenders = if std::env::args().any(|given| given == "ours") {
        1
    } else {
        4
    };
    println!("least of {repeats} repeats, deadlines uniform over 1 to 60 s");
    for n in [1_000, 100_000, 1_000_000] {
        print(n, &compare(n, repeats, contenders));
    }
}
