use ring::hmac;
use serde::Deserialize;
use serde_json::Value;

use super::{
    role::Role,
    session,
    state::{issuer, party, whole_seconds},
    token::{Claims, Seat, Version, encode, header},
};
use crate::{clock, github::merge, world::World};

/// A token that a test wants: a good one unless it says otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgery {
    user: String,
    organization: Option<String>,
    /// Instead of the role that the person has there; nobody is looked up then.
    role: Option<String>,
    /// In seconds.
    lifetime: Option<i64>,
    /// 1 or 2.
    version: Option<u8>,
    /// `active` or `pending`.
    status: Option<String>,
    /// Instead of the usual party.
    azp: Option<String>,
    alg: Option<Algorithm>,
    #[serde(default)]
    key: Key,
    /// Laid over the header by JSON Merge Patch (RFC 7396).
    header: Option<Value>,
    /// Laid over the claims likewise.
    claims: Option<Value>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Algorithm {
    #[serde(rename = "RS256")]
    Rs256,
    #[serde(rename = "RS512")]
    Rs512,
    /// With the public key as the secret.
    #[serde(rename = "HS256")]
    Hs256,
    #[serde(rename = "none")]
    None,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs512 => "RS512",
            Self::Hs256 => "HS256",
            Self::None => "none",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    /// The one that signs.
    #[default]
    Current,
    /// The other one, as itself.
    Other,
    /// The other one, under the name of the current.
    Stranger,
}

/// Makes the token; returns it with its claims.
///
/// # Errors
///
/// A sentence on what cannot be done.
pub(crate) fn forge(world: &World, forgery: &Forgery) -> Result<(String, Value), String> {
    let version = match forgery.version {
        None | Some(2) => Version::Two,
        Some(1) => Version::One,
        Some(other) => return Err(format!("There is no version {other} of session tokens.")),
    };
    let seat = seat(world, forgery)?;
    let usual = party(world);
    let usual_life = whole_seconds(world.configuration.clerk.token_lifetime);
    let claims = Claims {
        issuer: &issuer(world),
        party: Some(forgery.azp.as_ref().unwrap_or(&usual)),
        user: &forgery.user,
        session: &session::id(),
        seat: seat.as_ref(),
        version,
        status: forgery.status.as_deref().unwrap_or("active"),
        now: clock::seconds(),
        lifetime: forgery.lifetime.unwrap_or(usual_life),
        minutes: 0,
    };
    let mut claims = claims.written();
    let keys = &world.clerk.keys;
    let named = if forgery.key == Key::Other {
        keys.other()
    } else {
        keys.current()
    };
    let signer = if forgery.key == Key::Current {
        keys.current()
    } else {
        keys.other()
    };
    let algorithm = forgery.alg.unwrap_or(Algorithm::Rs256);
    let mut header = header(named);
    header["alg"] = algorithm.name().into();
    for (whole, patch) in [(&mut header, &forgery.header), (&mut claims, &forgery.claims)] {
        if let Some(patch) = patch {
            merge(whole, patch);
        }
    }
    let token = encode(&header, &claims, |message| match algorithm {
        Algorithm::Rs256 => signer.rs256(message),
        Algorithm::Rs512 => signer.rs512(message),
        Algorithm::Hs256 => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, signer.public_pem().as_bytes());
            Some(hmac::sign(&secret, message).as_ref().to_vec())
        }
        Algorithm::None => Some(Vec::new()),
    });
    let token = token.ok_or("The token could not be signed.")?;
    Ok((token, claims))
}

fn seat(world: &World, forgery: &Forgery) -> Result<Option<Seat>, String> {
    let clerk = &world.clerk;
    let Some(role) = &forgery.role else {
        let user = clerk.directory.lock().user(&forgery.user)?.id.clone();
        let no_member = |it: &str| format!("`{user}` is no member of `{it}`; name a `role` to say so all the same.");
        let organization = forgery.organization.as_deref();
        return organization
            .map(|it| clerk.seat(&user, it).ok_or_else(|| no_member(it)))
            .transpose();
    };
    let made_up = |id: &String| {
        let kept = clerk.directory.lock();
        let slug = kept.organization(id).map_or_else(|_| id.clone(), |it| it.slug.clone());
        Seat {
            id: id.clone(),
            slug,
            role: Role::new(role),
        }
    };
    Ok(forgery.organization.as_ref().map(made_up))
}
