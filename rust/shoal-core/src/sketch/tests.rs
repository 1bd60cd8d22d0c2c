use super::*;

fn sketch_of(values: &[f64]) -> LatencySketch {
    let mut sketch = LatencySketch::new();
    for &value in values {
        sketch.add(value).unwrap();
    }
    sketch
}

#[test]
fn an_empty_sketch_has_no_quantile() {
    let sketch = LatencySketch::new();
    assert_eq!(sketch.quantile(0.5), None);
    assert_eq!(sketch.count(), 0);
    assert_eq!(LatencySketch::from_bytes(&sketch.to_bytes()), Ok(sketch));
}

#[test]
fn quantiles_are_within_one_percent() {
    let values: Vec<f64> = (1..=10_000).map(|n| f64::from(n) / 1_000.0).collect();
    let sketch = sketch_of(&values);
    for (q, expected) in [
        (0.0, 0.001),
        (0.5, 5.0),
        (0.95, 9.5),
        (0.99, 9.9),
        (1.0, 10.0),
    ] {
        let found = sketch.quantile(q).unwrap();
        assert!(
            (found - expected).abs() <= expected * 0.011,
            "{q}: {found} for {expected}"
        );
    }
    assert_eq!(sketch.quantile(1.5), None);
}

#[test]
fn what_is_no_duration_is_refused_and_changes_nothing() {
    let mut sketch = sketch_of(&[0.5]);
    let before = sketch.clone();
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            sketch.add(value),
            Err(SketchError::NotADuration { .. })
        ));
    }
    assert_eq!(sketch, before);
}

#[test]
fn the_smallest_and_the_largest_values_stay_in_bounds() {
    let sketch = sketch_of(&[0.0, 1e-9, 1e-6, 1e6, 1e300]);
    assert!(sketch.bins.len() <= MAX_BINS);
    assert_eq!(sketch.count(), 5);
    assert_eq!(sketch.quantile(0.0), Some(0.0));
    assert_eq!(sketch.quantile(1.0), Some(LARGEST_SECONDS));
    assert_eq!(sketch.count_at_most(0.0), 2);
    assert_eq!(sketch.count_at_most(1.0), 3);
}

#[test]
fn counts_below_a_bound_follow_the_bins() {
    let sketch = sketch_of(&[0.1, 0.2, 0.3]);
    assert_eq!(sketch.count_at_most(0.05), 0);
    assert_eq!(sketch.count_at_most(0.25), 2);
    assert_eq!(sketch.count_at_most(f64::INFINITY), 3);
    assert_eq!(sketch.count_at_most(f64::NAN), 0);
}

#[test]
fn broken_bytes_are_refused_with_the_place() {
    let good = sketch_of(&[0.1, 0.2]).to_bytes();
    for cut in 1..good.len() {
        if let Ok(read) = LatencySketch::from_bytes(&good[..cut]) {
            assert!(read.count() <= 1, "cut at {cut}");
        }
    }
    assert_eq!(
        LatencySketch::from_bytes(&[9]),
        Err(SketchError::UnknownVersion { version: 9 })
    );
    let long = vec![1; 100_000];
    assert_eq!(
        LatencySketch::from_bytes(&long),
        Err(SketchError::TooLong { length: 100_000 })
    );
    let mut outside = good.clone();
    outside.extend_from_slice(&[0xff, 0xff, 0x7f, 1]);
    assert!(matches!(
        LatencySketch::from_bytes(&outside),
        Err(SketchError::Malformed { .. })
    ));
}
