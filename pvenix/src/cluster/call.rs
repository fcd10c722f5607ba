//! The call of a node without a cluster, and the answer of a member: one datagram each way, signed
//! with the key in their declaration (HMAC-SHA256).
//!
//! A member counts the votes of every node in the cluster's configuration, running or not. So it
//! adds a node only after the node has called. A cluster of one node that added a second too early
//! would lose its quorum.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The UDP port on which members listen, the one before Corosync's.
pub const PORT: u16 = 5404;
/// The largest difference of two clocks, in seconds. Tickets and certificates tolerate no more
/// either.
const CLOCKS: u64 = 300;

/// A node's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its declared cluster.
    pub cluster: String,
    /// Its name.
    pub node: String,
    /// Its release, `9.1.8`.
    pub version: String,
    /// Its clock, in seconds since 1970.
    pub time: u64,
}

/// A member's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The member's name.
    pub node: String,
    /// The cluster's corosync.conf including the calling node, or the reason for a refusal.
    pub outcome: Result<String, String>,
    /// The call's time, so that no answer can be replayed.
    pub time: u64,
}

/// The kind of a message, which its signature covers, so that no message passes as another kind.
pub trait Message: Serialize + for<'a> Deserialize<'a> {
    /// The word for the kind.
    const KIND: &'static str;
}

impl Message for Call {
    const KIND: &'static str = "call";
}

impl Message for Answer {
    const KIND: &'static str = "answer";
}

#[derive(Serialize, Deserialize)]
struct Signed {
    text: String,
    signature: String,
}

/// Signs a message. The key is Corosync's.
pub fn sign<T: Message>(message: &T, key: &[u8]) -> Vec<u8> {
    let text = serde_json::to_string(message).unwrap_or_default();
    let signature = hex(&code(T::KIND, &text, key).finalize().into_bytes());
    serde_json::to_vec(&Signed { text, signature }).unwrap_or_default()
}

/// Returns the message if it is signed with the key.
pub fn open<T: Message>(datagram: &[u8], key: &[u8]) -> Option<T> {
    let signed: Signed = serde_json::from_slice(datagram).ok()?;
    let claimed = unhex(&signed.signature)?;
    code(T::KIND, &signed.text, key)
        .verify_slice(&claimed)
        .ok()?;
    serde_json::from_str(&signed.text).ok()
}

/// Returns the reason why a member refuses the calling node, if it does.
pub fn refusal(call: &Call, declared: &super::Declared, version: &str, now: u64) -> Option<String> {
    let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
    if call.cluster != declared.name {
        return Some(format!(
            "this is the cluster {}, not {}",
            declared.name, call.cluster
        ));
    }
    if !declared.nodes.contains_key(&call.node) {
        return Some(format!(
            "{} is not declared here: add it to services.proxmox-ve.cluster.nodes of each node",
            call.node
        ));
    }
    let apart = call.time.abs_diff(now);
    if apart > CLOCKS {
        return Some(format!(
            "the clocks are {apart} s apart: set that of {}",
            call.node
        ));
    }
    if major(&call.version) != major(version) {
        return Some(format!(
            "{} runs {}, the cluster {version}: a node joins with the cluster's own major release",
            call.node, call.version
        ));
    }
    None
}

fn code(kind: &str, text: &str, key: &[u8]) -> Hmac<Sha256> {
    // Keys may have any length.
    #[allow(clippy::expect_used)]
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    code.update(b"pvenix ");
    code.update(kind.as_bytes());
    code.update(b"\n");
    code.update(text.as_bytes());
    code
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits?;
    (digits.len() % 2 == 0).then(|| {
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    })
}
