use handshark::{Inspector, Limits, Sink, capture::Interfaces, record::Connection};
struct Printer;
impl Sink for Printer {
    fn connection(&mut self, connection: &Connection, _: &Interfaces) {
        println!("{} -> {}: {}", connection.client, connection.server, connection.outcome().name());
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let report = handshark::read_path("testdata/node-keepalive-race.pcap")?;
    for finding in &report.findings {
        println!("{} {}: {}", finding.severity.name(), finding.code, finding.summary);
    }
    // A stream: bytes in any split; the sink is handed each connection once it is final.
    let mut inspector = Inspector::with_sink(Limits::default(), Printer);
    for chunk in std::fs::read("testdata/node-keepalive-race.pcap")?.chunks(1_000) {
        inspector.push(chunk)?;
    }
    let (streamed, Printer) = inspector.finish()?;
    assert_eq!(streamed.findings.len(), report.findings.len());
    Ok(())
}
