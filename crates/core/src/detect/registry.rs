//! All detectors, in the order in which they look: the capture first, then the opening, TLS, the life and the end.
//!
//! To add one: its two files and one line here.

use super::Detector;
use super::{capture, http, tcp, tls};

/// All detectors. The command, the manual, Python and the tests follow this list.
pub const DETECTORS: &[&dyn Detector] = &[
    &capture::flags_only_capture::FlagsOnlyCapture,
    &capture::one_way_capture::OneWayCapture,
    &capture::mid_stream_start::MidStreamStart,
    &capture::snaplen_truncated::SnaplenTruncated,
    &capture::duplicate_packets::DuplicatePackets,
    &capture::capture_drops::CaptureDrops,
    &capture::offload_artifacts::OffloadArtifacts,
    &tcp::syn_unanswered::SynUnanswered,
    &tcp::syn_retried::SynRetried,
    &tcp::syn_ack_unanswered::SynAckUnanswered,
    &tcp::reset_of_syn_ack::ResetOfSynAck,
    &tcp::connect_abandoned::ConnectAbandoned,
    &tcp::time_wait_collision::TimeWaitCollision,
    &tcp::accept_queue_overflow::AcceptQueueOverflow,
    &tcp::stale_nat_target::StaleNatTarget,
    &tcp::new_flow_drop::NewFlowDrop,
    &tcp::connection_refused::ConnectionRefused,
    &tcp::icmp_rejected::IcmpRejected,
    &tcp::local_connect_failure::LocalConnectFailure,
    &tcp::retry_storm::RetryStorm,
    &tcp::ephemeral_port_exhaustion::EphemeralPortExhaustion,
    &tcp::health_check::HealthCheck,
    &tls::missing_sni::MissingSni,
    &tls::sni_mismatch::SniMismatch,
    &tls::sni_ip_literal::SniIpLiteral,
    &tls::sni_malformed::SniMalformed,
    &tls::encrypted_client_hello::EncryptedClientHello,
    &tls::large_client_hello_dropped::LargeClientHelloDropped,
    &tls::no_server_hello::NoServerHello,
    &tls::tls_alert::TlsAlert,
    &tls::tls_version_mismatch::TlsVersionMismatch,
    &tls::tls_parameter_mismatch::TlsParameterMismatch,
    &tls::alpn_mismatch::AlpnMismatch,
    &tls::certificate_rejected::CertificateRejected,
    &tls::certificate_fault::CertificateFault,
    &tls::client_certificate_fault::ClientCertificateFault,
    &tls::plaintext_to_tls::PlaintextToTls,
    &tls::tls_to_plaintext::TlsToPlaintext,
    &tls::proxy_protocol_mismatch::ProxyProtocolMismatch,
    &tls::slow_handshake::SlowHandshake,
    &tls::handshake_abandoned::HandshakeAbandoned,
    &tcp::connection_churn::ConnectionChurn,
    &tcp::stale_reuse::StaleReuse,
    &http::request_limit_close::RequestLimitClose,
    &http::unannounced_close::UnannouncedClose,
    &http::answer_cut_short::AnswerCutShort,
    &http::server_error_message::ServerErrorMessage,
    &http::empty_reply::EmptyReply,
    &http::request_timeout::RequestTimeout,
    &http::quiet_request_timeout::QuietRequestTimeout,
    &http::too_many_pings::TooManyPings,
    &tcp::idle_close::IdleClose,
    &tcp::max_age_close::MaxAgeClose,
    &tcp::injected_reset::InjectedReset,
    &tcp::unread_data_reset::UnreadDataReset,
    &tcp::abortive_close::AbortiveClose,
    &tcp::silent_idle_drop::SilentIdleDrop,
    &tcp::state_loss_reset::StateLossReset,
    &tcp::state_loss_drop::StateLossDrop,
    &tcp::untranslated_reply::UntranslatedReply,
    &tcp::mtu_blackhole::MtuBlackhole,
    &tcp::keepalive_unanswered::KeepaliveUnanswered,
    &tcp::zero_window_stall::ZeroWindowStall,
    &tcp::half_close_leak::HalfCloseLeak,
];

/// The detector with this code.
pub fn by_code(code: &str) -> Option<&'static dyn Detector> {
    DETECTORS.iter().copied().find(|detector| detector.code() == code)
}
