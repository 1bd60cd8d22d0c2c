//! What the fuzzers have found so far, replayed on every run of the tests.

use std::fs;
use std::path::PathBuf;

use crate::targets;

fn replay(target: &str, run: fn(&[u8])) {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../fuzz/corpus", target]
        .iter()
        .collect();
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        run(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "no corpus in {}", folder.display());
}

#[test]
fn the_corpus_of_messages_is_survived() {
    replay("messages", targets::messages);
}

#[test]
fn the_corpus_of_datagrams_is_survived() {
    replay("datagram", targets::datagram);
}

#[test]
fn the_corpus_of_sealed_bodies_is_survived() {
    replay("sealed", targets::sealed);
}

#[test]
fn the_corpus_of_frames_is_survived() {
    replay("frame", targets::frame);
}
