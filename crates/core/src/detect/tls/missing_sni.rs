//! A ClientHello without a server name: an error where names are needed, a hint where that can not be told.

use super::hello_summary::{self, Answer};
use crate::detect::recapture;
use crate::detect::words::listed;
use crate::detect::{Case, Common, Confidence, Detector, Exam, Group, Service, Severity, Shape, Told};
use crate::record::{CloseKind, Connection, Protocol};
use crate::tls::{Sni, Tls};
use crate::types::{NotVisible, Side, Span};

/// Detector of `missing-sni`.
#[derive(Debug)]
pub(in crate::detect) struct MissingSni;

const CODE: &str = "missing-sni";

impl Detector for MissingSni {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("missing_sni.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        // OpenVPN's control channel names no server, ever: its client knows whom it calls.
        let Some(tls) = c.tls.as_ref().filter(|_| c.protocol != Protocol::OpenVpn) else { return };
        let Some(hello) = &tls.client_hello else {
            not_whole(c, tls, exam);
            return;
        };
        exam.applies();
        match &hello.sni {
            Sni::Absent | Sni::Empty => {}
            Sni::Present(_) => return,
            Sni::NotVisible(_) => {
                exam.not_visible("the ClientHello's extensions are malformed", None);
                return;
            }
        }
        let (kind, severity, confidence) = match fate(c, tls) {
            Fate::Told(kind, severity, confidence) => (kind, severity, confidence),
            Fate::OtherCause => return,
            Fate::NotVisible(reason, instead) => {
                exam.not_visible(reason, instead);
                return;
            }
        };
        let failed = severity > Severity::Info;
        let alert = hello_summary::deciding_alert(c, tls).map(|alert| alert.at);
        let end = failed.then(|| alert.or(c.ending.first)).flatten();
        let silence = match hello_summary::answer(c, tls) {
            Answer::Silence(span) => Some(span),
            _ => None,
        };
        let answer = tls.server_hello.as_ref().map(|hello| hello.completed);
        exam.symptom(CODE, kind, severity, confidence, &[Some(hello.begun), Some(hello.completed), answer, end])
            .happened(hello.completed)
            .span(silence);
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let ways = Ways::of(case.group);
        let mut told = Told::default();
        told.facts.add("hellos_without_name_failed", ways.failed());
        told.facts.add("hellos_without_name_answered", ways.worked);
        told.facts.add("hellos_with_name_answered", service.with_name_answered);
        told.facts.add("hellos_with_name_unanswered", service.with_name_unanswered);
        if ways.failed() > 0 {
            tell_failed(&mut told, &ways, service);
        } else {
            tell_answered(&mut told, &ways, service);
        }
        vec![told]
    }
}

fn not_whole(c: &Connection, tls: &Tls, exam: &mut Exam<'_>) {
    if is_unfinished(c) {
        return;
    }
    match tls.client_hello_cut {
        Some((_, NotVisible::CutBySnaplen)) => {
            exam.not_visible("the ClientHello is cut by the snap length", recapture::WHOLE);
        }
        Some(_) => exam.not_visible("a part of the ClientHello was not captured", recapture::ALL_WHOLE),
        None => {}
    }
}

/// Whether the client ended the connection in the middle of its ClientHello: all that it sent was captured, as the number of its FIN shows.
fn is_unfinished(c: &Connection) -> bool {
    let sent = &c.traffic.client;
    c.ending.fin.client.is_some() && sent.stream_bytes == Some(sent.payload_bytes) && c.visibility.cut_by_snaplen == 0
}

/// How a handshake without a name went.
enum Fate {
    /// Kind, harm, sight.
    Told(&'static str, Severity, Confidence),
    /// It ended over something else: that is no sign of a missing name.
    OtherCause,
    /// The capture does not show how it ended, for this reason; and the command that would.
    NotVisible(&'static str, Option<&'static str>),
}

fn fate(c: &Connection, tls: &Tls) -> Fate {
    use Confidence::{High, Low, Medium};
    use Severity::{Error, Info, Warning};
    let alert = hello_summary::deciding_alert(c, tls).map(|alert| (alert.by, alert.description));
    match (hello_summary::answer(c, tls), alert) {
        // bad_certificate, certificate_unknown, unknown_ca: a certificate that was not meant for this client.
        (Answer::ServerHello, Some((Side::Client, 42 | 46 | 48))) => {
            Fate::Told("certificate-rejected", Warning, Medium)
        }
        (Answer::ServerHello, _) => Fate::Told("worked", Info, High),
        (Answer::Alert, Some((Side::Server, 112))) => Fate::Told("unrecognized-name", Error, Medium),
        // handshake_failure, internal_error, missing_extension: what servers without a certificate for no name send, among others.
        (Answer::Alert, Some((Side::Server, 40 | 80 | 109))) => Fate::Told("alert", Warning, Medium),
        (Answer::Fin, _) => Fate::Told("fin", Error, Medium),
        (Answer::Reset(_), _) => Fate::Told("reset", Error, Medium),
        (Answer::Silence(_), _) if c.ending.kind == CloseKind::Open => Fate::Told("silent-at-end", Warning, Low),
        (Answer::Silence(_), _) => Fate::Told("silent", Warning, Low),
        (Answer::Alert | Answer::Unacknowledged(_) | Answer::OtherProtocol | Answer::Begun | Answer::GivenUp, _) => {
            Fate::OtherCause
        }
        (Answer::NotVisible(reason, instead), _) => Fate::NotVisible(reason, instead),
    }
}

/// How many handshakes without a name went which way.
struct Ways {
    closed: u64,
    reset: u64,
    alerts: u64,
    silent: u64,
    silent_at_end: u64,
    longest: Span,
    unrecognized: u64,
    rejected: u64,
    worked: u64,
    all: u64,
}

impl Ways {
    fn of(group: &Group) -> Self {
        Self {
            closed: group.of_kind("fin"),
            reset: group.of_kind("reset"),
            alerts: group.of_kind("alert"),
            silent: group.of_kind("silent"),
            silent_at_end: group.of_kind("silent-at-end"),
            longest: group.spans.whole().map_or(Span::ZERO, |spans| spans.longest()),
            unrecognized: group.of_kind("unrecognized-name"),
            rejected: group.of_kind("certificate-rejected"),
            worked: group.of_kind("worked") + group.of_kind("certificate-rejected"),
            all: group.count,
        }
    }

    const fn failed(&self) -> u64 {
        self.closed + self.reset + self.alerts + self.silent + self.silent_at_end + self.unrecognized
    }

    /// Failures that look like a missing name, rather than like one cause of many.
    const fn telling(&self) -> u64 {
        self.closed + self.reset + self.unrecognized
    }

    fn in_words(&self) -> String {
        let silent = format!("the server sent no byte, and the client ended it (after up to {})", self.longest);
        let ways = [
            (self.closed, "the server closed (FIN)"),
            (self.reset, "it was reset"),
            (self.unrecognized, "the server sent the alert unrecognized_name (112)"),
            (self.alerts, "the server sent another alert"),
            (self.silent, silent.as_str()),
            (self.silent_at_end, "the server sent no byte until the capture ended"),
        ];
        let ways: Vec<_> = ways.iter().filter(|(count, _)| *count > 0).collect();
        match ways.as_slice() {
            [(_, what)] => (*what).to_owned(),
            ways => ways.iter().map(|(count, what)| format!("{what} ({count})")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// At least one handshake without a name failed before a ServerHello.
fn tell_failed(told: &mut Told, ways: &Ways, service: &Service) {
    let failed = ways.failed();
    let address = service.address();
    let answered = service.with_name_answered;
    let unanswered = service.with_name_unanswered;
    told.affected = Some(failed);
    told.of = Some(ways.all + answered + unanswered);
    told.remedy = remedy();
    told.summary = format!(
        "The ClientHello to {address} carries no server name (SNI), and the handshake failed before a ServerHello ({failed} of {}): \
         {}.",
        ways.all,
        ways.in_words(),
    );
    if ways.worked > 0 {
        told.severity = Some(Severity::Info);
        told.confidence = Some(Confidence::Low);
        told.summary += &format!(
            " The same server answered other hellos without a name ({}): the name alone is not the cause.",
            ways.worked
        );
        told.remedy.clear();
    } else if answered > 0 {
        // One unanswered among many hellos with a name does not spoil the contrast; a server that answers few of them does.
        let clear = unanswered * 4 <= answered;
        // That the name is what it minds the server says itself by unrecognized_name.
        let said = ways.unrecognized == failed;
        let names = listed(service.names_answered().into_iter().map(|(name, _)| name), 3);
        told.severity = Some(if clear || said { Severity::Error } else { Severity::Warning });
        told.confidence = Some(match (clear, said) {
            (true, _) => Confidence::High,
            (false, true) => Confidence::Medium,
            (false, false) => Confidence::Low,
        });
        told.summary += &format!(
            " Hellos with a server name ({names}) to the same address were answered ({answered} of {}).",
            answered + unanswered
        );
        if clear {
            contrast(told, service);
        } else {
            told.summary += &format!(
                " But {unanswered} with a name got no ServerHello either: a name alone does not help, it would have to be one that is \
                 answered."
            );
        }
    } else if unanswered > 0 {
        told.severity = Some(Severity::Info);
        told.confidence = Some(Confidence::Low);
        told.summary += &format!(
            " Hellos with a server name to the same address got no ServerHello either ({unanswered}): the name alone is not the cause."
        );
        told.remedy.clear();
    } else {
        // Without contrast it stays a hint, however likely: the failure itself is what no-server-hello tells.
        told.severity = Some(Severity::Warning);
        told.confidence = Some(if ways.telling() > 0 { Confidence::Medium } else { Confidence::Low });
        told.summary += " Servers shared by many names need SNI; this capture has no hello with a name to the same address that would \
                         prove it.";
        told.not_visible.push(format!(
            "whether {address} answers a hello with a server name: `openssl s_client -connect ADDRESS:PORT -servername NAME` tells"
        ));
    }
}

/// What the answered hello proves, and where it is.
fn contrast(told: &mut Told, service: &Service) {
    if let (Some(with), Some(without)) = (&service.ja4_with_name, &service.ja4_without_name) {
        told.summary += &differences([with, without], service.ja3_texts());
        told.facts.add("ja4_with_name", with.clone());
        told.facts.add("ja4_without_name", without.clone());
    }
    if let Some((connection, packet)) = service.answered_example {
        told.facts.add("answered_connection", connection);
        told.facts.add("answered_in_packet", packet.number());
    }
}

/// No handshake without a name is known to have failed before a ServerHello.
fn tell_answered(told: &mut Told, ways: &Ways, service: &Service) {
    let address = service.address();
    let answered = format!(
        "The ClientHello to {address} carries no server name (SNI), and the server answered ({} of {})",
        ways.worked, ways.all
    );
    if ways.rejected > 0 {
        told.severity = Some(Severity::Warning);
        told.confidence = Some(if ways.rejected == ways.worked { Confidence::Medium } else { Confidence::Low });
        told.affected = Some(ways.rejected);
        told.example_kind = Some("certificate-rejected");
        told.summary = format!(
            "{answered}; the client then rejected the server's certificate ({} of {}). Without a name a server sends the certificate of \
             its default host, which may be another than the one that was meant.",
            ways.rejected, ways.worked
        );
        told.remedy = remedy();
        return;
    }
    told.severity = Some(Severity::Info);
    told.summary = format!("{answered}: information only.");
    told.common.push(Common::of_all("COUNT ClientHellos without a server name (SNI) were answered all the same, by"));
}

/// What differs between a hello with a name and one without. By their JA4: parts b and c do not depend on the name, so equal ones speak for
/// the same client software and settings. JA4 sorts the suites and leaves out the groups: that is from what JA3 is made of.
fn differences([with, without]: [&str; 2], ja3: Option<[&str; 2]>) -> String {
    let parts = |ja4: &str| -> Option<[String; 4]> {
        let (a, rest) = ja4.split_once('_')?;
        let (suites, extensions) = rest.split_once('_')?;
        // Of part a: transport, version, d or i, the counts of suites and extensions, ALPN.
        Some([a.get(1..3)?, a.get(8..10)?, suites, extensions].map(str::to_owned))
    };
    let (Some([version, alpn, suites, extensions]), Some(other)) = (parts(with), parts(without)) else {
        return String::new();
    };
    let shown = |alpn: &str| if alpn == "00" { "none".to_owned() } else { alpn.to_owned() };
    let mut differing = Vec::new();
    if alpn != other[1] {
        differing.push(format!("ALPN ({} with the name, {} without)", shown(&alpn), shown(&other[1])));
    }
    if version != other[0] {
        differing.push("the highest TLS version".to_owned());
    }
    if suites != other[2] {
        differing.push("the cipher suites".to_owned());
    }
    // Of JA3's text: version, suites, extensions, groups, point formats.
    let same_in_ja3 =
        |part: usize| ja3.is_none_or(|[with, without]| with.split(',').nth(part) == without.split(',').nth(part));
    if suites == other[2] && !same_in_ja3(1) {
        differing.push("the order of the cipher suites".to_owned());
    }
    if !same_in_ja3(3) {
        differing.push("the groups".to_owned());
    }
    if extensions != other[3] {
        differing.push("the extensions or signature algorithms".to_owned());
    }
    match differing.as_slice() {
        [] => " Otherwise the hellos are alike (JA4 parts b and c are equal, the suites come in the same order): only the name is missing."
            .to_owned(),
        several => format!(
            " Besides the name the two hellos differ in {} (by JA4 and JA3): other client software or settings; `handshark hellos` lists both.",
            several.join(", ")
        ),
    }
}

fn remedy() -> Vec<String> {
    [
        "Send the name in whatever starts this TLS connection. Envoy: `auto_sni: true` with `auto_san_validation: true` in \
         upstream_http_protocol_options, or `sni:` in the TLS context. Istio: DestinationRule `tls.sni`. Cilium: a release \
         whose proxy sets auto_sni.",
        "nginx: `proxy_ssl_server_name on` (and `proxy_ssl_name`). HAProxy: `sni str(NAME)` or `sni req.hdr(host)` on the \
         server line.",
        "A client that dials an IP address sends no name: dial the name, or set it (curl `--connect-to`, Go \
         `tls.Config.ServerName`, Java `SSLParameters.setServerNames`).",
        "To see for yourself: `openssl s_client -connect ADDRESS:PORT -noservername` against `-servername NAME`. If a name does not \
         help, `handshark explain no-server-hello` lists the other causes.",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn what_differs_besides_the_name_is_named() {
        let with = "t13d1516h2_8daaf6152771_02713d6af862";
        let same = [with, "t13i1515h2_8daaf6152771_02713d6af862"];
        assert!(differences(same, None).contains("only the name is missing"));
        let other = differences([with, "t13i110900_85036bcba153_d41ae481755e"], None);
        for part in ["ALPN (h2 with the name, none without)", "the cipher suites", "the extensions or"] {
            assert!(other.contains(part), "{other}");
        }
        assert!(!other.contains("TLS version"), "{other}");
        assert_eq!(differences(["damaged", with], None), "");
    }

    #[test]
    fn what_ja4_sorts_or_leaves_out_is_in_ja3() {
        let same = ["t13d1516h2_8daaf6152771_02713d6af862", "t13i1515h2_8daaf6152771_02713d6af862"];
        let of = |suites: &str, groups: &str| format!("771,{suites},0-16-43,{groups},0");
        let other = |text: &str| differences(same, Some([&of("4865-4866", "29-23"), text]));
        assert!(other(&of("4866-4865", "29-23")).contains("differ in the order of the cipher suites (by JA4 and JA3)"));
        assert!(other(&of("4865-4866", "23")).contains("differ in the groups"));
        assert!(other("771,4865-4866,16-43,29-23,0").contains("only the name is missing"));
    }
}
