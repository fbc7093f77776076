//! Two runs over one capture give the same, though each has secrets of its own.

use std::ops::ControlFlow;
use std::path::PathBuf;

use handshark::capture::{Captures, Interfaces};
use handshark::record::Connection;
use handshark::{Inspector, Limits, Report, Sink};

/// In the order in which they become final.
#[derive(Default)]
struct All(Vec<Connection>);

impl Sink for All {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        self.0.push(connection.clone());
    }
}

fn run(path: &PathBuf, limits: &Limits) -> Option<(Report, Vec<Connection>)> {
    let mut captures = Captures::open(std::slice::from_ref(path), limits).ok()?;
    let mut inspector = Inspector::with_sink(limits.clone(), All::default());
    inspector.read(&mut captures, &mut |_| ControlFlow::Continue(())).ok()?;
    let (report, all) = inspector.finish().ok()?;
    Some((report, all.0))
}

#[test]
fn two_runs_give_the_same() {
    let testdata = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let mut read = 0;
    for entry in testdata.read_dir().expect("testdata is beside the crates").flatten() {
        // As they come, and where nearly every connection has to make room for the next.
        let small = Limits { max_connections: 4, max_closed: 2, max_tombstones: 8, ..Limits::default() };
        for limits in [Limits::default(), small] {
            let [Some((report, all)), Some((again, once_more))] = [(); 2].map(|()| run(&entry.path(), &limits)) else {
                continue;
            };
            assert_eq!(format!("{report:?}"), format!("{again:?}"), "{}", entry.path().display());
            assert!(all == once_more, "{}", entry.path().display());
            read += 1;
        }
    }
    assert!(read > 60, "only {read} captures were read");
}
