//! What is said where a server ends many connections at one moment: see [`Group::is_one_event`](super::Group::is_one_event).

/// Where to look, and what to do if it was a restart.
pub(super) fn remedy() -> Vec<String> {
    vec![
        "Look at what happened to the server at that moment: its log, `journalctl`, `dmesg` (out of memory), `kubectl get events` and \
         `kubectl logs --previous`, a deployment, a reload of its configuration."
            .to_owned(),
        "If it was a restart: take the server out of rotation first and let its connections end (readiness, preStop sleep, graceful \
         shutdown)."
            .to_owned(),
    ]
}
