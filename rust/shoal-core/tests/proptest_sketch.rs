//! Promises of the latency sketch: merging is exact and order-free, bytes round-trip, no
//! input panics, and quantiles hold their error.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use shoal_core::sketch::{LatencySketch, RELATIVE_ERROR};

fn sketch_of(values: &[f64]) -> LatencySketch {
    let mut sketch = LatencySketch::new();
    for &value in values {
        sketch.add(value).unwrap();
    }
    sketch
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.0..1e4f64, 0..60)
}

proptest! {
    #[test]
    fn merging_in_any_order_equals_adding_all(a in values(), b in values(), c in values()) {
        let all = sketch_of(&[a.clone(), b.clone(), c.clone()].concat());
        let (a, b, c) = (sketch_of(&a), sketch_of(&b), sketch_of(&c));
        let mut forward = a.clone();
        forward.merge(&b);
        forward.merge(&c);
        let mut backward = c;
        backward.merge(&b);
        backward.merge(&a);
        prop_assert_eq!(forward.to_bytes(), all.to_bytes());
        prop_assert_eq!(backward.to_bytes(), all.to_bytes());
    }

    #[test]
    fn bytes_round_trip(values in values()) {
        let sketch = sketch_of(&values);
        let read = LatencySketch::from_bytes(&sketch.to_bytes()).unwrap();
        prop_assert_eq!(read.to_bytes(), sketch.to_bytes());
        prop_assert_eq!(read.quantile(0.9), sketch.quantile(0.9));
    }

    #[test]
    fn what_came_since_is_what_was_added(early in values(), late in values()) {
        let before = sketch_of(&early);
        let mut after = before.clone();
        after.merge(&sketch_of(&late));
        let added = after.since(&before);
        let expected = sketch_of(&late);
        prop_assert_eq!(added.count(), expected.count());
        prop_assert!((added.sum() - expected.sum()).abs() < 1e-6);
        match (added.quantile(0.5), expected.quantile(0.5)) {
            (Some(found), Some(true_value)) => {
                prop_assert!((found - true_value).abs() <= true_value * 0.021 + 1e-6);
            }
            (found, true_value) => prop_assert_eq!(found, true_value),
        }
        prop_assert_eq!(LatencySketch::from_bytes(&added.to_bytes()).unwrap(), added);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut with_version = vec![1];
        with_version.extend_from_slice(&bytes);
        for input in [bytes, with_version] {
            if let Ok(sketch) = LatencySketch::from_bytes(&input) {
                let _ = (sketch.count(), sketch.sum(), sketch.quantile(0.5));
            }
        }
    }

    #[test]
    fn quantiles_hold_the_relative_error(values in prop::collection::vec(1e-5..1e4f64, 1..80), q in 0.0..=1.0f64) {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let expected = sorted[(q * (sorted.len() - 1) as f64).floor() as usize];
        let found = sketch_of(&values).quantile(q).unwrap();
        prop_assert!((found - expected).abs() <= expected * (RELATIVE_ERROR + 1e-9));
    }
}
