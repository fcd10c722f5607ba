//! `pvenix unlock bind`: a new binding as it is declared, tried before the old one goes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::agent;
use super::clevis::Clevis;
use super::declared::{Declaration, Device};
use super::jwe::Bound;
use super::secret::Secret;
use super::vault::Vault;

/// The fingerprints of peers' signing keys, by their servers' addresses.
pub type Trusted = BTreeMap<String, String>;

/// Binds a device. `passphrase` is asked for where no binding opens it.
///
/// Whenever this is interrupted, a binding opens the device that did before, or the new one does.
pub fn bind(
    declaration: &Declaration,
    device: &Device,
    clevis: &dyn Clevis,
    vault: &dyn Vault,
    trusted: &Trusted,
    passphrase: &dyn Fn() -> Result<Secret, String>,
) -> Result<(), String> {
    let names = declaration.names();
    vault.tidy()?;
    let old = vault.kept()?;
    let opened = agent::key(clevis, vault, &names, &|| false);
    let existing = match opened {
        Ok(key) => key,
        Err(_) => passphrase()?,
    };
    if !vault.opens(&existing, None)? {
        return Err(format!(
            "{}: the passphrase does not open it",
            device.device
        ));
    }
    if !vault.has_passphrase()? {
        return Err(format!(
            "{}: no passphrase opens it, and none would when every peer is down\n  help: add one by `cryptsetup luksAddKey {}`",
            device.device, device.device
        ));
    }
    let key = vault.fresh(&existing)?;
    let jwe = clevis.encrypt(&with_trust(&device.clevis, trusted)?, &key)?;
    try_out(clevis, &jwe, &key, &names)?;
    vault.put(&existing, &key, &jwe, old.first())?;
    let new = vault.kept()?;
    let added = new
        .iter()
        .find(|kept| kept.jwe == jwe)
        .ok_or_else(|| format!("{}: the new binding is not there", device.device))?;
    agent::open(clevis, vault, added, &names, &|| false)?;
    for kept in old.iter().skip(1).filter(|kept| kept.jwe != jwe) {
        vault.remove(kept)?;
    }
    Ok(())
}

/// Every party has to take part when a device is bound: whoever cannot now may not when it is needed.
fn try_out(
    clevis: &dyn Clevis,
    jwe: &str,
    key: &Secret,
    names: &super::policy::Names,
) -> Result<(), String> {
    let bound = Bound::read(jwe)?;
    for part in bound.leaves() {
        if let Bound::Leaf { leaf, key, jwe } = part {
            clevis.decrypt(jwe, &|| false).map_err(|said| {
                format!(
                    "not bound: {}",
                    clevis.reason(leaf, key.as_deref(), &said, names)
                )
            })?;
        }
    }
    if clevis.decrypt(jwe, &|| false)? == *key {
        Ok(())
    } else {
        Err("not bound: the new binding gives another key".to_owned())
    }
}

/// The configuration, with the key that each server's advertisement must be signed by: a server on a hostile network has none.
fn with_trust(config: &Value, trusted: &Trusted) -> Result<Value, String> {
    let mut config = config.clone();
    add_trust(&mut config, trusted)?;
    Ok(config)
}

fn add_trust(config: &mut Value, trusted: &Trusted) -> Result<(), String> {
    match config {
        Value::Array(many) => many.iter_mut().try_for_each(|one| add_trust(one, trusted)),
        Value::Object(fields) => {
            if let Some(url) = fields.get("url").and_then(Value::as_str) {
                let url = url.trim_end_matches('/').to_owned();
                if !fields.contains_key("thp") {
                    let thumbprint = trusted.get(&url).ok_or_else(|| {
                        format!("{url}: nobody says which key is this server's\n  help: make ssh reach it, or declare its thumbprint (`pvenix unlock keys` there)")
                    })?;
                    fields.insert("thp".to_owned(), Value::String(thumbprint.clone()));
                }
            }
            fields
                .values_mut()
                .try_for_each(|value| add_trust(value, trusted))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_server_is_held_to_its_key() {
        let config = json!({ "t": 1, "pins": { "sss": { "t": 1, "pins": { "tang": [
            { "url": "http://a/" }, { "url": "http://b", "thp": "own" }
        ] } } } });
        let trusted: Trusted = [("http://a".to_owned(), "signing".to_owned())].into();
        let with = with_trust(&config, &trusted).unwrap();
        let servers = &with["pins"]["sss"]["pins"]["tang"];
        assert_eq!(servers[0]["thp"], "signing");
        assert_eq!(servers[1]["thp"], "own");
        let error = with_trust(&config, &Trusted::new()).unwrap_err();
        assert!(error.contains("http://a: nobody says"), "{error}");
    }
}
