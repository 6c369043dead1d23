use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::Value;

use crate::{clock, configuration::GithubInstallation};

/// GitHub refuses a JWT that lives longer than ten minutes.
const LONGEST_LIFE: i64 = 600;

/// The PKCS#1 public key of a private key (PKCS#1 or #8) or public key (PKCS#1) in PEM.
pub(crate) fn public_key(pem: &str) -> Option<Vec<u8>> {
    let label = pem.trim_start().strip_prefix("-----BEGIN ")?.split_once("-----")?.0;
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    let der = STANDARD.decode(body).ok()?;
    let pair = match label {
        "RSA PUBLIC KEY" => return Some(der),
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
        _ => return None,
    };
    Some(pair.ok()?.public_key().as_ref().to_vec())
}

/// Checks the JWT with which an app shows that it is itself.
///
/// <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
///
/// # Errors
///
/// Status and message of GitHub's refusal.
pub(super) fn check(github: &GithubInstallation, token: &str) -> Result<(), (u16, &'static str)> {
    let unreadable = (401, "A JSON web token could not be decoded");
    let (signed, signature) = token.rsplit_once('.').ok_or(unreadable)?;
    let (header, claims) = signed.split_once('.').ok_or(unreadable)?;
    let decode = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (header, claims) = (decode(header).ok_or(unreadable)?, decode(claims).ok_or(unreadable)?);
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| unreadable)?;
    if header["alg"] != "RS256" || signature.len() < 256 {
        return Err(unreadable);
    }
    if let Some(key) = github.app_key.as_deref().and_then(public_key) {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(signed.as_bytes(), &signature).map_err(|_| unreadable)?;
    }
    let now = clock::seconds();
    let issued = claims["iat"].as_i64();
    if issued.is_none_or(|issued| issued > now + 1) {
        return Err((
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    let Some(expires) = claims["exp"].as_i64().filter(|expires| *expires > now) else {
        return Err((
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ));
    };
    if expires > now + LONGEST_LIFE {
        return Err((401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    let named = claims["iss"]
        .as_str()
        .map_or_else(|| claims["iss"].to_string(), str::to_owned);
    if named == github.app_id.to_string() {
        Ok(())
    } else {
        Err((404, "Integration not found"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let header = json!({ "alg": "RS256", "typ": "JWT" }).to_string();
        format!(
            "{}.{}.{}",
            part(header.as_bytes()),
            part(claims.to_string().as_bytes()),
            part(&[7; 256])
        )
    }

    #[test]
    fn each_claim_is_checked() {
        let github = GithubInstallation::default();
        let now = clock::seconds();
        let claims = |issued: i64, expires: i64, named: u64| json!({ "iat": issued, "exp": expires, "iss": named });
        let refusal = |claims: &Value| check(&github, &token(claims)).unwrap_err().0;
        assert_eq!(
            check(&github, &token(&claims(now - 60, now + 300, github.app_id))),
            Ok(())
        );
        assert_eq!(refusal(&claims(now + 60, now + 300, github.app_id)), 401);
        assert_eq!(refusal(&claims(now - 60, now - 1, github.app_id)), 401);
        assert_eq!(refusal(&claims(now - 60, now + 900, github.app_id)), 401);
        assert_eq!(refusal(&claims(now - 60, now + 300, 1)), 404);
        assert_eq!(check(&github, "not.a.jwt").unwrap_err().0, 401);
    }
}
