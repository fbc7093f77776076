//! Known limits of servers, proxies and load balancers: the table of `data/timeouts.json`, compiled in.

use super::spoken::{Spoken, WEB_SOCKET};
use super::thresholds::{NOTICED_WITHIN, TIMER_GAP_SHARE};
use super::{Cluster, versions};
use crate::report::Candidate;
use crate::types::{Side, Span};

include!(concat!(env!("OUT_DIR"), "/timeouts.rs"));

/// A known limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Its name in the table.
    pub id: &'static str,
    /// The software or service.
    pub component: &'static str,
    /// The setting.
    pub setting: &'static str,
    /// What is limited.
    pub kind: Kind,
    /// Who has the limit: `server`, `client`, `proxy`, `path` ...
    pub role: &'static str,
    /// How it ends a connection: `fin`, `rst`, `silent` ...
    pub closes_with: &'static str,
    /// The versions for which it holds.
    pub versions: &'static str,
    /// Where the value is from.
    pub source: &'static str,
    /// Documented value in seconds, for durations.
    pub value_s: Option<f64>,
    /// Documented value, for counts.
    pub value_count: Option<u64>,
    /// The lowest and highest value that is expected on the wire, in seconds.
    pub band_s: Option<(f64, f64)>,
    /// What else to know.
    pub note: Option<&'static str>,
}

/// What a known limit limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Time without traffic.
    Idle,
    /// Age.
    Lifetime,
    /// Requests on one connection.
    MaxRequests,
    /// Time to open or to shake hands.
    Handshake,
    /// Anything else.
    Other,
}

impl Known {
    /// As it stands in a finding.
    pub fn candidate(&self, because: Option<String>) -> Candidate {
        Candidate {
            component: self.component,
            setting: self.setting,
            versions: self.versions,
            value_s: self.value_s,
            value_count: self.value_count,
            observed_band_s: self.band_s,
            source: self.source,
            note: self.note,
            because,
        }
    }

    /// Whether an idle time or age that was observed can come from this limit.
    pub fn fits(&self, observed: Span) -> bool {
        let seconds = observed.as_secs_f64();
        self.band_s.is_some_and(|(low, high)| low <= seconds && seconds <= high)
    }
}

/// Limits that a server, or a proxy in front of it, can have on the connections that it accepted.
fn is_of_a_server(known: &Known) -> bool {
    matches!(known.role, "server" | "proxy" | "load_balancer") && matches!(known.closes_with, "fin" | "unknown")
}

/// Idle timeouts of servers that fit a cluster of idle times, most likely first: what the capture names (`Server:`,
/// `Keep-Alive: timeout=`), then by how near the documented value is. A port is no reason.
pub(super) fn idle_candidates(
    idle: &Cluster,
    spoken: Spoken,
    software: Option<&str>,
    announced: Option<Span>,
) -> Vec<Candidate> {
    let fits = |known: &Known| {
        let Some((low, high)) = known.band_s else { return false };
        // The shortest of a timer that is swept is the timer; the longest may lie a little past the band.
        (low..=high).contains(&idle.shortest().as_secs_f64())
            && idle.longest().as_secs_f64() <= high * (1.0 + TIMER_GAP_SHARE)
    };
    let distance =
        |known: &Known| known.value_s.map_or(f64::MAX, |value| (idle.shortest().as_secs_f64() - value).abs());
    let mut found: Vec<(&Known, Option<String>)> = KNOWN
        .iter()
        .filter(|known| known.kind == Kind::Idle && is_of_a_server(known) && spoken.suits(known) && fits(known))
        .map(|known| (known, reason(known, software, announced)))
        .collect();
    found.sort_by(|(a, a_because), (b, b_because)| {
        b_because.is_some().cmp(&a_because.is_some()).then(distance(a).total_cmp(&distance(b)))
    });
    shown(found)
}

/// Idle limits of devices on the path, and of the kernels there, that lie between a silence that was survived and one that
/// was not.
pub(super) fn path_candidates(survived: Option<Span>, died: Span) -> Vec<Candidate> {
    let least = survived.map_or(0.0, Span::as_secs_f64);
    let fits = |known: &Known| known.value_s.is_some_and(|value| least <= value && value <= died.as_secs_f64());
    let on_the_path = |known: &Known| matches!(known.role, "load_balancer" | "kernel") && known.closes_with == "silent";
    let mut found: Vec<&Known> =
        KNOWN.iter().filter(|known| known.kind == Kind::Idle && on_the_path(known) && fits(known)).collect();
    // The nearest to the silence that was not survived comes first.
    found.sort_by(|a, b| b.value_s.unwrap_or_default().total_cmp(&a.value_s.unwrap_or_default()));
    shown(found.into_iter().map(|known| (known, None)).collect())
}

/// Limits on the age of connections that fit: those of the side that closes.
pub(super) fn age_candidates(ages: &Cluster, closer: Side) -> Vec<Candidate> {
    let age = ages.shortest().as_secs_f64();
    let fits = |known: &Known| known.value_s.is_some_and(|value| value > 0.0 && (age / value - 1.0).abs() <= AGE_SHARE);
    let theirs = |known: &Known| match closer {
        Side::Client => matches!(known.role, "client" | "proxy"),
        Side::Server => matches!(known.role, "server" | "proxy" | "load_balancer"),
    };
    let known = KNOWN.iter().filter(|known| known.kind == Kind::Lifetime && theirs(known) && fits(known));
    shown(known.map(|known| (known, None)).collect())
}

/// How far an age may be from a documented limit, as a share: some add jitter.
const AGE_SHARE: f64 = 0.05;

/// Limits on the time to answer a request that fit a wait: those of the side that gave up.
pub(super) fn wait_candidates(wait: &Cluster, gave_up: Side) -> Vec<Candidate> {
    let wait = wait.middle().as_secs_f64();
    let fits =
        |known: &Known| known.value_s.is_some_and(|value| value > 0.0 && (wait / value - 1.0).abs() <= WAIT_SHARE);
    let theirs = |known: &Known| match gave_up {
        Side::Client => matches!(known.role, "client" | "proxy"),
        Side::Server => matches!(known.role, "server" | "proxy" | "load_balancer"),
    };
    let of_requests = |known: &Known| {
        ["request", "route", "read", "response", "header", "body"]
            .iter()
            .any(|word| known.setting.to_ascii_lowercase().contains(word) || known.id.contains(word))
    };
    let of_http = |known: &Known| !WEB_SOCKET.iter().any(|name| known.component.contains(name));
    let known = KNOWN.iter().filter(|known| theirs(known) && of_requests(known) && of_http(known) && fits(known));
    shown(known.map(|known| (known, None)).collect())
}

/// How far a wait may be from a documented value, as a share.
const WAIT_SHARE: f64 = 0.02;

/// Request limits of servers that lie within `count` to `at_most`, most likely first.
pub(super) fn request_candidates(least: u64, at_most: u64, software: Option<&str>) -> Vec<Candidate> {
    let fits = |known: &Known| known.value_count.is_some_and(|value| value > 1 && (least..=at_most).contains(&value));
    let mut found: Vec<(&Known, Option<String>)> = KNOWN
        .iter()
        .filter(|known| known.kind == Kind::MaxRequests && is_of_a_server(known) && fits(known))
        .map(|known| (known, reason(known, software, None)))
        .collect();
    found.sort_by_key(|(_, because)| because.is_none());
    shown(found)
}

/// Connect timeouts of clients and proxies that lie between two spans, the longest first: it
/// is the one that ran out last.
pub(super) fn connect_candidates(longer_than: Span, at_most: Span) -> Vec<Candidate> {
    let seconds = |known: &Known| known.value_s.unwrap_or(0.0);
    // The kernel repeats a SYN right before a program's timer of the same length runs out.
    let from = longer_than.as_secs_f64() - NOTICED_WITHIN.as_secs_f64();
    let is_connect = |known: &&Known| {
        known.kind == Kind::Handshake
            && known.role == "client"
            && (known.id.contains("connect") || known.id.contains("dial"))
            && known.value_s.is_some_and(|value| from <= value && value <= at_most.as_secs_f64())
    };
    let mut found: Vec<(&Known, Option<String>)> = KNOWN.iter().filter(is_connect).map(|known| (known, None)).collect();
    found.sort_by(|(a, _), (b, _)| seconds(b).total_cmp(&seconds(a)));
    shown(found)
}

/// Candidates that a finding shows.
const MAX_CANDIDATES: usize = 8;

/// Characters of a `Server:` header that are quoted.
const SOFTWARE_CHARS: usize = 80;

fn shown(found: Vec<(&Known, Option<String>)>) -> Vec<Candidate> {
    found.into_iter().take(MAX_CANDIDATES).map(|(known, because)| known.candidate(because)).collect()
}

/// What in the capture speaks for this software.
fn reason(known: &Known, software: Option<&str>, announced: Option<Span>) -> Option<String> {
    if let Some(software) = software
        && names(software).any(|component| known.component.contains(component))
    {
        let shown: String = software.chars().take(SOFTWARE_CHARS).collect();
        let holds = versions::of_header(software).and_then(|version| versions::holds(known.versions, version));
        return Some(match holds {
            // Another version's default is a value that somebody has set.
            Some(false) => format!("Server: {shown}, where it is not the default: it would be set"),
            Some(true) | None => format!("Server: {shown}"),
        });
    }
    let announced = announced?;
    let value = known.value_s?;
    ((announced.as_secs_f64() - value).abs() < 0.001).then(|| format!("Keep-Alive: timeout={value}"))
}

/// The components of the table that a `Server:` header names.
fn names(software: &str) -> impl Iterator<Item = &'static str> {
    let software = software.to_ascii_lowercase();
    SOFTWARE.iter().filter(move |(sign, _)| software.contains(sign)).map(|(_, component)| *component)
}

/// What stands in `Server:` headers, in lower case, and what the table calls it.
const SOFTWARE: &[(&str, &str)] = &[
    ("aiohttp", "aiohttp"),
    ("amazons3", "Amazon S3"),
    ("apache/", "Apache httpd"),
    ("awselb", "AWS ALB"),
    ("caddy", "Caddy"),
    ("cheroot", "cheroot"),
    ("cherrypy", "CherryPy"),
    ("cloudflare", "Cloudflare"),
    ("coyote", "Tomcat"),
    ("envoy", "Envoy"),
    ("gunicorn", "Gunicorn"),
    ("hypercorn", "Hypercorn"),
    ("jetty", "Jetty"),
    ("kestrel", "Kestrel"),
    ("lighttpd", "lighttpd"),
    ("microsoft-iis", "IIS"),
    ("nginx", "nginx"),
    ("puma", "Puma"),
    ("squid", "Squid"),
    ("tornado", "Tornado"),
    ("undertow", "Undertow"),
    ("uvicorn", "Uvicorn"),
    ("varnish", "Varnish"),
    ("waitress", "Waitress"),
    ("werkzeug", "Werkzeug"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Distribution;

    fn cluster(millis: &[i64]) -> Cluster {
        let mut spread = Distribution::default();
        millis.iter().for_each(|milli| spread.add(Span::from_millis(*milli).as_nanos()));
        spread.whole().expect("values were added")
    }

    fn components(candidates: &[Candidate]) -> Vec<&'static str> {
        candidates.iter().map(|candidate| candidate.component).collect()
    }

    #[test]
    fn six_seconds_are_nodes_five() {
        let candidates =
            idle_candidates(&cluster(&[6_000, 6_001, 6_070]), Spoken::Http1, None, Some(Span::from_secs(5)));
        assert_eq!(candidates[0].component, "Node.js http.Server");
        assert_eq!(candidates[0].because.as_deref(), Some("Keep-Alive: timeout=5"));
        assert!(!components(&candidates).contains(&"Uvicorn"));
    }

    #[test]
    fn five_seconds_are_many_and_the_header_orders_them() {
        let idle = cluster(&[5_004, 5_010]);
        let unknown = idle_candidates(&idle, Spoken::Unknown, None, None);
        assert!(unknown.len() > 3 && unknown.iter().all(|candidate| candidate.because.is_none()));
        let named = idle_candidates(&idle, Spoken::Unknown, Some("Apache/2.4.57 (Debian)"), None);
        assert_eq!(named[0].component, "Apache httpd");
        assert_eq!(named.len(), unknown.len(), "the header orders, it hides nothing");
    }

    #[test]
    fn clients_and_silent_devices_close_nothing_by_fin() {
        let candidates = idle_candidates(&cluster(&[350_000]), Spoken::Unknown, None, None);
        assert!(!components(&candidates).iter().any(|component| component.contains("NAT")), "{candidates:?}");
    }

    #[test]
    fn a_web_server_is_no_candidate_for_another_protocol() {
        assert_eq!(idle_candidates(&cluster(&[10_030]), Spoken::Other, None, None), []);
        let ten_minutes = idle_candidates(&cluster(&[600_010]), Spoken::Other, None, None);
        assert_eq!(components(&ten_minutes), ["nginx stream", "Kafka broker"]);
        let http = idle_candidates(&cluster(&[600_010]), Spoken::Http1, None, None);
        assert!(!components(&http).contains(&"Kafka broker"));
        assert_eq!(idle_candidates(&cluster(&[2_010]), Spoken::Named("PostgreSQL"), None, None), []);
    }

    #[test]
    fn timers_of_websockets_are_none_of_requests() {
        let minute = cluster(&[60_000]);
        let quiet = idle_candidates(&minute, Spoken::WebSocket, None, None);
        assert!(components(&quiet).contains(&"nginx (WebSocket)"), "{quiet:?}");
        assert!(!components(&quiet).contains(&"Spring Boot (embedded Tomcat)"), "{quiet:?}");
        let others = [wait_candidates(&minute, Side::Server), idle_candidates(&minute, Spoken::Http1, None, None)];
        for others in &others {
            assert!(!components(others).iter().any(|component| component.contains("WebSocket")), "{others:?}");
        }
    }

    #[test]
    fn a_hundred_requests() {
        let candidates = request_candidates(100, 100, Some("AmazonS3"));
        assert_eq!(candidates[0].component, "Amazon S3");
        assert!(components(&candidates).contains(&"nginx"));
        assert!(!components(&candidates).iter().any(|component| component.contains("Envoy")));
        assert!(request_candidates(37, 37, None).is_empty());
    }

    #[test]
    fn every_name_of_a_header_is_in_the_table() {
        for (sign, component) in SOFTWARE {
            assert!(KNOWN.iter().any(|known| known.component.contains(component)), "{sign}: {component}");
            assert_eq!(*sign, sign.to_ascii_lowercase());
        }
    }
}
