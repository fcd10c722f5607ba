//! Clevis' programs: encrypt a key for a policy, decrypt it again, and say why that fails.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::Value;

use super::policy::{Leaf, Names, Registers};
use super::programs::{Input, Programs};
use super::secret::Secret;

/// Encrypts keys and decrypts them.
pub trait Clevis {
    /// The JWE of a key for the configuration of the pin `sss`.
    fn encrypt(&self, config: &Value, key: &Secret) -> Result<String, String>;
    /// The key of a JWE; the error is the program's.
    fn decrypt(&self, jwe: &str, given_up: &dyn Fn() -> bool) -> Result<Secret, String>;
    /// Why a party does not take part, after `decrypt` failed with `said`.
    fn reason(&self, leaf: &Leaf, key: Option<&str>, said: &str, names: &Names) -> String;
}

impl Clevis for Programs {
    fn encrypt(&self, config: &Value, key: &Secret) -> Result<String, String> {
        // The configuration is an argument, and holds nothing secret; the key comes by standard input.
        let output = self.run(
            &["clevis", "encrypt", "sss", &config.to_string()],
            key.bytes(),
        )?;
        Ok(String::from_utf8_lossy(output.bytes()).trim().to_owned())
    }

    fn decrypt(&self, jwe: &str, given_up: &dyn Fn() -> bool) -> Result<Secret, String> {
        let jwe = Secret::new(jwe.as_bytes().to_vec());
        let input = Input {
            first: &jwe,
            second: None,
        };
        let key = self.run_until(&["clevis", "decrypt"], input, given_up)?;
        if key.is_empty() {
            return Err("clevis: it gave no key".to_owned());
        }
        Ok(key)
    }

    fn reason(&self, leaf: &Leaf, key: Option<&str>, said: &str, names: &Names) -> String {
        match leaf {
            Leaf::Tang(url) => tang_reason(&names.of(leaf), url, key),
            Leaf::Tpm(registers) => tpm_reason(registers, said),
        }
    }
}

/// How long a Tang server may take to answer the question whether it is there.
const PATIENCE: Duration = Duration::from_secs(3);

fn tang_reason(name: &str, url: &str, key: Option<&str>) -> String {
    match ask(url, key) {
        Ok(200) => format!("{name} answers, and what it answers does not open"),
        Ok(404) => format!("{name} answers, and has not the key"),
        Ok(status) => format!("{name} answers with HTTP status {status}"),
        Err(why) if why == NO_NETWORK => why,
        Err(why) => format!("no answer of {name} ({why})"),
    }
}

/// The message if nothing is reachable.
pub const NO_NETWORK: &str = "no network";

/// The request that asks for it: the base point of the curve, whose product with a server's key is what the server advertises anyway.
const POINT: &str = concat!(
    r#"{"alg":"ECMR","kty":"EC","crv":"P-521","x":""#,
    "AMaFjga3BATpzZ4-y2YjlbRCnGSBOQU_tSH4KK9ga009uqFLXnfv51ko_h3BJ6L_qN4zSLPBhWpCm_l-fjHC5b1m",
    r#"","y":""#,
    "ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5mLJfucple9CZAxVC5AT-tB2E1PHCGonLCQIi-lHaf0WZQ",
    r#""}"#
);

/// The status with which a Tang server answers for a key.
fn ask(url: &str, key: Option<&str>) -> Result<u16, String> {
    let (host, port, _) = parts(url).ok_or_else(|| format!("{url} is no address"))?;
    let mut addresses = (host, port)
        .to_socket_addrs()
        .map_err(|_| format!("the name {host} is not known"))?;
    let address = addresses.next().ok_or("no address")?;
    let mut stream =
        TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| refusal(&error))?;
    let talk = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        let path = key.map_or_else(|| "/adv".to_owned(), |key| format!("/rec/{key}"));
        let (method, body) = key.map_or(("GET", ""), |_| ("POST", POINT));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/jwk+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut start = [0; 12];
        stream.read_exact(&mut start).map(|()| start)
    };
    let start = talk(&mut stream).map_err(|error| refusal(&error))?;
    let status = std::str::from_utf8(&start)
        .ok()
        .and_then(|text| text.get(9..12)?.parse().ok());
    status.ok_or_else(|| "it is no web server".to_owned())
}

/// Host, port and path of `http://HOST[:PORT][/PATH]`.
pub fn parts(url: &str) -> Option<(&str, u16, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some(v6) = place.strip_prefix('[') {
        let (host, port) = v6.split_once(']')?;
        let port = port
            .strip_prefix(':')
            .map_or(Some(80), |port| port.parse().ok())?;
        return Some((host, port, path));
    }
    match place.rsplit_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?, path)),
        None => Some((place, 80, path)),
    }
}

fn refusal(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NetworkUnreachable => NO_NETWORK.to_owned(),
        ErrorKind::HostUnreachable => "its machine does not answer".to_owned(),
        ErrorKind::ConnectionRefused => "its machine is up, and refuses".to_owned(),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "not within 3 s".to_owned(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
            "it hung up: is this machine allowed to ask (tang.allow)?".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Signs of a TPM's refusal for registers that are not as they were: `TPM_RC_POLICY_FAIL` of the first session, and Clevis' own words.
const POLICY_FAIL: [&str; 3] = ["99d)", "policy check failed", "unsealing"];

fn tpm_reason(registers: &[u8], said: &str) -> String {
    let tpm = Registers(registers);
    let lower = said.to_lowercase();
    let changed = POLICY_FAIL.iter().any(|sign| lower.contains(sign));
    if said.contains("resource manager is needed") {
        "no TPM".to_owned()
    } else if changed && !registers.is_empty() {
        let numbers: Vec<String> = registers.iter().map(u8::to_string).collect();
        format!(
            "PCR changed (one of {}): firmware, boot order or Secure Boot is not as it was",
            numbers.join(", ")
        )
    } else {
        format!("{tpm}: {said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn addresses() {
        assert_eq!(
            parts("http://192.0.2.1:7654"),
            Some(("192.0.2.1", 7654, ""))
        );
        assert_eq!(
            parts("http://[2001:db8::1]:7654/x"),
            Some(("2001:db8::1", 7654, "x"))
        );
        assert_eq!(parts("http://beta"), Some(("beta", 80, "")));
        assert_eq!(parts("https://beta"), None);
        assert_eq!(parts("http://beta:no"), None);
    }

    fn answering(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(answer);
        });
        url
    }

    #[test]
    fn the_reason_names_the_peer() {
        let says = |answer| tang_reason("beta", &answering(answer), Some("k"));
        assert_eq!(
            says(b"HTTP/1.1 404 Not Found\r\n"),
            "beta answers, and has not the key"
        );
        assert_eq!(
            says(b"HTTP/1.1 500 No\r\n"),
            "beta answers with HTTP status 500"
        );
        assert_eq!(
            says(b"no web server at all"),
            "no answer of beta (it is no web server)"
        );
        assert!(says(b"").contains("tang.allow"));
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert_eq!(
            tang_reason("beta", &format!("http://{closed}"), None),
            "no answer of beta (its machine is up, and refuses)"
        );
    }

    #[test]
    fn the_reason_tells_a_changed_register() {
        let said = "clevis: ERROR:esys:src/tss2-esys/api/Esys_Unseal.c:98: Esys Finish ErrorCode (0x0000099d)";
        assert!(tpm_reason(&[7], said).starts_with("PCR changed (one of 7)"));
        assert_eq!(tpm_reason(&[], "clevis: x"), "the TPM: clevis: x");
        let none = "clevis: A TPM2 device with the in-kernel resource manager is needed!";
        assert_eq!(tpm_reason(&[7], none), "no TPM");
    }
}
