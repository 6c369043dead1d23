use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use reqwest::Url;

/// Whether an address is http on this machine, which is what is accepted where nothing is configured.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_address = |address: std::net::IpAddr| address.is_loopback();
    url.scheme() == "http" && (host == "localhost" || host.parse().is_ok_and(is_address))
}

/// Sends a browser on, with more parameters after those that the address has.
pub(crate) fn to(mut url: Url, parameters: &[(&str, &str)]) -> Response {
    url.query_pairs_mut().extend_pairs(parameters);
    (StatusCode::FOUND, [(header::LOCATION, String::from(url))]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/callback", true),
            ("http://localhost/callback", true),
            ("http://[::1]:1/", true),
            ("https://localhost/callback", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1@example.com/", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn an_addresss_own_query_stays() {
        let url = Url::parse("http://localhost/callback?tenant=a%20b").unwrap();
        let response = to(url, &[("code", "1&2"), ("state", "x y")]);
        assert_eq!(response.status(), 302);
        assert_eq!(
            response.headers()[header::LOCATION],
            "http://localhost/callback?tenant=a%20b&code=1%262&state=x+y"
        );
    }
}
