//! A ClientHello of more than one segment that something on the path, or the server, can not take.

use super::hello_summary::{self, Answer};
use crate::detect::thresholds::{BIG_SEGMENT_SHARE, REPEATS_LEAST};
use crate::detect::words::counted;
use crate::detect::{Case, Confidence, Detector, Exam, Severity, Shape, Told};
use crate::record::Connection;
use crate::tls::{ClientHello, names};

/// Detector of `large-client-hello-dropped`.
#[derive(Debug)]
pub(in crate::detect) struct LargeClientHelloDropped;

const CODE: &str = "large-client-hello-dropped";
/// The first part was acknowledged, a smaller later one never.
const REST_LOST: &str = "rest-unacknowledged";

impl Detector for LargeClientHelloDropped {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("large_client_hello_dropped.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else { return };
        if !hello_summary::exceeds_segment(c, hello) {
            return;
        }
        let (kind, span) = match hello_summary::answer(c, tls) {
            Answer::ServerHello | Answer::Begun | Answer::Alert => {
                exam.applies();
                return;
            }
            Answer::Silence(span) | Answer::Unacknowledged(span) if rest_is_lost(c, hello) => (REST_LOST, Some(span)),
            Answer::Fin => ("fin", None),
            Answer::Reset(_) => ("reset", None),
            Answer::Silence(span) => ("silent", Some(span)),
            Answer::Unacknowledged(_) | Answer::OtherProtocol | Answer::GivenUp | Answer::NotVisible(..) => return,
        };
        let repeated = c.traffic.client.unanswered.as_ref().filter(|_| kind == REST_LOST);
        let evidence = [Some(hello.begun), Some(hello.completed), repeated.map(|segment| segment.last), c.ending.first];
        let confidence = if kind == REST_LOST { Confidence::High } else { Confidence::Medium };
        exam.symptom(CODE, kind, Severity::Error, confidence, &evidence);
        exam.happened(hello.completed).span(span).count(Some(hello.length));
        let hybrid = hello.key_shares.iter().find(|share| is_post_quantum(share.group));
        if let Some(share) = hybrid {
            exam.quote("post_quantum_share", &names::group(share.group));
        }
        // Alone the other kinds prove nothing: `tell` wants a contrast.
        if kind != REST_LOST {
            exam.quietly();
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        let Some(service) = case.service else { return Vec::new() };
        let group = case.group;
        let (small, large) = (service.hellos.small_answered, service.hellos.large_answered);
        let rest_lost = group.of_kind(REST_LOST);
        let contrast = small > 0 && large == 0;
        if rest_lost == 0 && !contrast || large > 0 {
            return Vec::new();
        }
        let affected = if contrast { group.count } else { rest_lost };
        let mut told = Told { affected: Some(affected), of: Some(group.applied.max(affected)), ..Told::default() };
        let bytes = group.counts.whole().map_or(0, |counts| counts.smallest);
        told.facts.add("hello_bytes_min", u64::try_from(bytes).unwrap_or_default());
        told.facts.add("small_hellos_answered", small);
        told.facts.add("large_hellos_answered", large);
        told.summary = format!(
            "{} to {} took more than one segment ({bytes} bytes and more) and got no ServerHello: ",
            counted(affected, "ClientHello"),
            service.address()
        );
        told.summary += if rest_lost > 0 {
            told.example_kind = Some(REST_LOST);
            "the first segment was acknowledged, and a smaller one after it, sent again and again, never was. Size alone does not explain \
             that: something drops the second part of a hello."
        } else {
            "the server, or something before it, closed, reset or kept silent."
        };
        if contrast {
            told.summary +=
                &format!(" Hellos of one segment to the same address were answered ({small}), larger ones never.");
        }
        let kinds: Vec<&'static str> = group.kinds.iter().map(|(kind, _)| *kind).collect();
        let share = kinds
            .iter()
            .find_map(|kind| group.quotes(kind, "post_quantum_share").first().map(|(name, _)| (*name).to_owned()));
        if let Some(share) = share {
            told.summary += &format!(" The hello is large through its post-quantum key share ({share}).");
            told.facts.add("post_quantum_share", share);
        }
        told.confidence = Some(if rest_lost > 0 && contrast { Confidence::High } else { Confidence::Medium });
        told.remedy = REMEDY.map(str::to_owned).to_vec();
        vec![told]
    }
}

const REMEDY: [&str; 2] = [
    "Try a small hello: `openssl s_client -connect ADDRESS:PORT -servername NAME -groups X25519` (against `-groups X25519MLKEM768`); Go \
     `GODEBUG=tlsmlkem=0`, Chrome policy PostQuantumKeyAgreementEnabled, Java `jdk.tls.namedGroups`. If it works, the rest is proven.",
    "Update the device or server that reads hellos of one segment alone: firewalls and filters that look for the server name, old load \
     balancers, servers with a buffer of 1 or 2 KiB for the hello.",
];

/// What was sent again and again and never acknowledged is a later segment of the hello, and small: not the path's MTU. Before an
/// answer a client has nothing else to send than its hello, unless it is early data.
fn rest_is_lost(c: &Connection, hello: &ClientHello) -> bool {
    let mss = c.traffic.each().iter().filter_map(|(_, traffic)| traffic.mss).min();
    c.traffic.client.unanswered.as_ref().zip(mss).is_some_and(|(segment, mss)| {
        let later = segment.first.packet > hello.begun.packet && segment.retransmissions >= REPEATS_LEAST;
        later && !hello.early_data && f64::from(segment.length) < f64::from(mss) * BIG_SEGMENT_SHARE
    })
}

/// IANA "TLS Supported Groups": the hybrids with ML-KEM and their drafts with Kyber.
const fn is_post_quantum(group: u16) -> bool {
    matches!(group, 0x11eb..=0x11ed | 0x0200..=0x0202 | 0x6399 | 0x639a)
}
