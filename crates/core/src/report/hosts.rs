//! What is known of a server's address beyond one of its services.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::detect::{Host, Scan, Service, earlier_and_later};

/// What each server address answered on all its ports together.
pub(super) fn hosts<'a>(services: impl Iterator<Item = &'a Service>) -> BTreeMap<IpAddr, Host> {
    let mut hosts: BTreeMap<IpAddr, Host> = BTreeMap::new();
    let mut scans: BTreeMap<(IpAddr, IpAddr), u64> = BTreeMap::new();
    let mut answered: BTreeMap<IpAddr, u64> = BTreeMap::new();
    for service in services {
        let host = hosts.entry(service.key.address).or_default();
        *answered.entry(service.key.address).or_default() += u64::from(service.answered > 0);
        if let Some(client) = service.asked_once_by() {
            *scans.entry((service.key.address, client)).or_default() += 1;
        }
        host.answered_elsewhere += service.answered;
        host.unseen_elsewhere += service.server_side_unseen;
        host.ttl = host.ttl.or(service.ttl);
        host.no_way = earlier_and_later(host.no_way, service.no_way);
    }
    for ((address, client), refused) in scans {
        let scan = Scan { client, refused, answered: answered.get(&address).copied().unwrap_or_default() };
        if let Some(host) = hosts.get_mut(&address).filter(|_| scan.is_one()) {
            host.scan = host.scan.filter(|known| known.refused >= refused).or(Some(scan));
        }
    }
    hosts
}

/// The same without this service's own answers.
pub(super) fn host_of(service: &Service, hosts: &BTreeMap<IpAddr, Host>) -> Host {
    let host = hosts.get(&service.key.address).copied().unwrap_or_default();
    Host {
        answered_elsewhere: host.answered_elsewhere.saturating_sub(service.answered),
        unseen_elsewhere: host.unseen_elsewhere.saturating_sub(service.server_side_unseen),
        ttl: service.ttl.or(host.ttl),
        no_way: host.no_way,
        scan: host.scan,
    }
}
