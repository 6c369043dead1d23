use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    key::SigningKey,
    role::{FEATURE, Role},
};

/// What says in a header that the token is a session's, and none of Clerk's other tokens.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// Clerk's tokens are good this many seconds before they are issued, for clocks that are late.
const SKEW_SECONDS: i64 = 10;

/// In which version somebody's organization is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// The organization that somebody acts for.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) id: String,
    pub(super) slug: String,
    pub(super) role: Role,
}

/// What a token says.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    pub(super) issuer: &'a str,
    /// The origin of the page that asked for the token.
    pub(super) party: Option<&'a str>,
    pub(super) user: &'a str,
    pub(super) session: &'a str,
    pub(super) seat: Option<&'a Seat>,
    pub(super) version: Version,
    /// `active`, or `pending` while the person still has something to do, such as to choose an organization.
    pub(super) status: &'a str,
    /// In seconds since the epoch.
    pub(super) now: i64,
    /// In seconds; with none left the token was issued earlier and is over.
    pub(super) lifetime: i64,
    /// Since the person signed in.
    pub(super) minutes: i64,
}

impl Claims<'_> {
    /// The claims as Clerk writes them; <https://clerk.com/docs/guides/sessions/session-tokens#default-claims>.
    pub(super) fn written(&self) -> Value {
        let expires = self.now + self.lifetime;
        let issued = if self.lifetime > 0 { self.now } else { expires - 60 };
        let mut claims = json!({
            "exp": expires,
            "fva": [self.minutes, -1],
            "iat": issued,
            "iss": self.issuer,
            "nbf": issued - SKEW_SECONDS,
            "sid": self.session,
            "sts": self.status,
            "sub": self.user,
        });
        if let Some(party) = self.party {
            claims["azp"] = party.into();
        }
        let organization = match self.version {
            Version::One => self.seat.map(first).unwrap_or_default(),
            Version::Two => self.seat.map(second).unwrap_or_default(),
        };
        for (name, value) in organization {
            claims[name] = value;
        }
        if self.version == Version::Two {
            claims["v"] = 2.into();
        }
        claims
    }
}

fn first(seat: &Seat) -> Map<String, Value> {
    let permissions = seat.role.custom_permissions().iter();
    let permissions: Vec<String> = permissions.map(|it| format!("org:{FEATURE}:{it}")).collect();
    let claims = json!({
        "org_id": seat.id,
        "org_permissions": permissions,
        "org_role": seat.role.key(),
        "org_slug": seat.slug,
    });
    claims.as_object().cloned().unwrap_or_default()
}

fn second(seat: &Seat) -> Map<String, Value> {
    let permissions = seat.role.custom_permissions();
    let claims = json!({
        "fea": format!("o:{FEATURE}"),
        "o": {
            // One number for each feature, one bit for each permission.
            "fpm": ((1_u32 << permissions.len()) - 1).to_string(),
            "id": seat.id,
            "per": permissions.join(","),
            "rol": seat.role.short(),
            "slg": seat.slug,
        },
    });
    claims.as_object().cloned().unwrap_or_default()
}

/// The header of a token that a key signs.
pub(super) fn header(key: &SigningKey) -> Value {
    json!({ "alg": "RS256", "cat": SESSION_CATEGORY, "kid": key.kid, "typ": "JWT" })
}

/// A token in compact form (RFC 7515), with what `sign` makes of it.
pub(super) fn encode(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Option<String> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = sign(signed.as_bytes())?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(version: Version, lifetime: i64, seat: Option<&Seat>) -> Value {
        let claims = Claims {
            issuer: "http://127.0.0.1:9/clerk",
            party: Some("http://127.0.0.1:8080"),
            user: "user_maya",
            session: "sess_1",
            seat,
            version,
            status: "active",
            now: 1_000,
            lifetime,
            minutes: 7,
        };
        claims.written()
    }

    fn seat(role: &str) -> Seat {
        Seat {
            id: "org_1".into(),
            slug: "acme".into(),
            role: Role::new(role),
        }
    }

    #[test]
    fn an_organization_is_written_in_two_ways() {
        let (admin, member) = (seat("admin"), seat("member"));
        let two = claims(Version::Two, 60, Some(&admin));
        let o = json!({ "id": "org_1", "slg": "acme", "rol": "admin", "per": "read,manage", "fpm": "3" });
        assert_eq!(
            (&two["v"], &two["o"], &two["fea"]),
            (&json!(2), &o, &json!("o:integrations"))
        );
        assert_eq!(claims(Version::Two, 60, Some(&member))["o"]["fpm"], "1");
        let one = claims(Version::One, 60, Some(&member));
        assert_eq!(
            (&one["org_id"], &one["org_role"]),
            (&json!("org_1"), &json!("org:member"))
        );
        assert_eq!(one["org_permissions"], json!(["org:integrations:read"]));
        assert_eq!((one.get("v"), one.get("o")), (None, None));
        assert_eq!(claims(Version::Two, 60, None).get("o"), None);
    }

    #[test]
    fn a_token_without_a_life_was_issued_before() {
        let times = |lifetime: i64| {
            let claims = claims(Version::Two, lifetime, None);
            ["nbf", "iat", "exp"].map(|name| claims[name].as_i64().unwrap())
        };
        assert_eq!(times(60), [990, 1_000, 1_060]);
        assert_eq!(times(0), [930, 940, 1_000]);
        assert_eq!(times(-100), [830, 840, 900]);
    }
}
