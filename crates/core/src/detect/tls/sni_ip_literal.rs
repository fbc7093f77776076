//! A server name that is an IP address.

use std::net::IpAddr;

use super::odd_name;
use crate::detect::{Case, Detector, Exam, Shape, Told};
use crate::record::Connection;
use crate::tls::Sni;

/// Detector of `sni-ip-literal`.
#[derive(Debug)]
pub(in crate::detect) struct SniIpLiteral;

const CODE: &str = "sni-ip-literal";

impl Detector for SniIpLiteral {
    fn code(&self) -> &'static str {
        CODE
    }

    fn page(&self) -> &'static str {
        include_str!("sni_ip_literal.md")
    }

    fn needs(&self) -> Shape {
        Shape::TLS
    }

    fn examine(&self, c: &Connection, exam: &mut Exam<'_>) {
        let Some(tls) = &c.tls else { return };
        let Some(hello) = &tls.client_hello else { return };
        if let Sni::Present(name) = &hello.sni
            && is_address(name)
        {
            odd_name::examine(CODE, c, tls, name, "an IP address", exam);
        }
    }

    fn tell(&self, case: &Case<'_>) -> Vec<Told> {
        odd_name::tell(case, "RFC 6066 does not allow", &REMEDY)
    }
}

const REMEDY: [&str; 2] = [
    "Dial the host by its name: curl `--connect-to` or `--resolve`, Go `tls.Config.ServerName`, Envoy `sni:` or `auto_sni`, HAProxy `sni \
     str(NAME)`. A client that must dial an address sends no server name at all.",
    "By hand: `openssl s_client -connect ADDRESS:PORT -servername RIGHT-NAME` against `-noservername`.",
];

/// An address, also in the brackets of a URL.
pub(super) fn is_address(name: &str) -> bool {
    name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}
