use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{
    World,
    clerk_webhooks::{events, world},
};

const APP: &str = "http://127.0.0.1:8080/docs?tab=1";

/// A browser that keeps what Clerk tells it to keep.
struct Browser<'a> {
    world: &'a World,
    /// `__client` and `__session`.
    cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    fn new(world: &'a World) -> Self {
        Self {
            world,
            cookies: Vec::new(),
        }
    }

    async fn get(&mut self, path: &str) -> Response {
        self.send(Method::GET, path, &[]).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send(Method::POST, path, fields).await
    }

    async fn send(&mut self, method: Method, path: &str, fields: &[(&str, &str)]) -> Response {
        let url = format!("{}/{path}", self.world.sandbox.clerk_issuer());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .world
            .client
            .request(method.clone(), url)
            .header("cookie", cookies.join("; "));
        if method == Method::POST {
            request = request.form(fields);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(attributes.contains("SameSite=Lax"), "{attributes}");
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        response
    }

    /// What the token in the cookie says.
    fn claims(&self) -> Value {
        let (_, token) = self.cookies.iter().find(|(name, _)| name == "__session").unwrap();
        let claims = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    }
}

fn place(response: &Response) -> &str {
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn somebody_signs_in_switches_and_signs_out() {
    let (world, app) = world().await;
    let mut browser = Browser::new(&world);
    assert_eq!(
        world.sandbox.clerk_sign_in_url(),
        format!("{}/sign-in", world.sandbox.clerk_issuer())
    );
    let signed_in = browser
        .post(
            "sign-in",
            &[("user", "user_maya"), ("organization", "acme"), ("redirect_url", APP)],
        )
        .await;
    assert_eq!(place(&signed_in), APP);
    let claims = browser.claims();
    assert_eq!(
        (&claims["sub"], &claims["azp"]),
        (&json!("user_maya"), &json!("http://127.0.0.1:8080"))
    );
    assert_eq!(
        (&claims["o"]["id"], &claims["o"]["rol"]),
        (&json!("acme"), &json!("admin"))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);

    let page = browser
        .get("organization?redirect_url=http://127.0.0.1:8080/docs")
        .await;
    assert_eq!(
        (page.status().as_u16(), &page.headers()["refresh"]),
        (200, &"45".parse().unwrap())
    );
    let html = page.text().await.unwrap();
    assert!(
        html.contains("<h1>Acme</h1>") && html.contains("Continue to the app"),
        "{html}"
    );
    assert_eq!(browser.claims()["sid"], claims["sid"]);

    let created = browser
        .post("organization", &[("action", "create"), ("name", "Initech")])
        .await;
    assert_eq!(place(&created), "/clerk/organization");
    assert_eq!(browser.claims()["o"]["slg"], "initech");
    browser
        .post("organization", &[("action", "switch"), ("organization", "")])
        .await;
    assert_eq!(browser.claims().get("o"), None);
    let switched = [("action", "switch"), ("organization", "acme"), ("redirect_url", APP)];
    assert_eq!(place(&browser.post("organization", &switched).await), APP);
    assert_eq!(browser.claims()["o"]["slg"], "acme");
    let foreign = [("action", "switch"), ("organization", "globex")];
    assert_eq!(browser.post("organization", &foreign).await.status(), 422);

    assert_eq!(browser.get("sign-out").await.status(), 200);
    assert_eq!(browser.cookies.len(), 2);
    assert_eq!(place(&browser.post("sign-out", &[("redirect_url", APP)]).await), APP);
    assert_eq!(browser.cookies.len(), 0);
    assert_eq!(place(&browser.get("organization").await), "/clerk/sign-in");
    assert_eq!(
        place(&browser.post("user", &[("action", "delete")]).await),
        "/clerk/sign-in"
    );
    let told = events(&app, 4).await;
    let mut kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    // What each request causes is told by itself, so they may overtake each other.
    kinds.sort_unstable();
    let expected = [
        "organization.created",
        "organizationMembership.created",
        "session.created",
        "session.removed",
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn an_admin_looks_after_an_organization() {
    let (world, app) = world().await;
    let mut maya = Browser::new(&world);
    let mut tom = Browser::new(&world);
    maya.post("sign-in", &[("user", "user_maya"), ("organization", "acme")])
        .await;
    tom.post("sign-in", &[("user", "user_tom"), ("organization", "acme")])
        .await;
    let mut count = 2;
    events(&app, count).await;
    for (fields, expected) in [
        (vec![("action", "rename"), ("name", "Acme Ltd")], "organization.updated"),
        (
            vec![("action", "add"), ("user", "user_gus"), ("role", "member")],
            "organizationMembership.created",
        ),
        (
            vec![("action", "role"), ("user", "user_gus"), ("role", "admin")],
            "organizationMembership.updated",
        ),
        (
            vec![("action", "remove"), ("user", "user_gus")],
            "organizationMembership.deleted",
        ),
    ] {
        let refused = tom.post("organization", &fields).await.status();
        assert_eq!(
            (refused.as_u16(), place(&maya.post("organization", &fields).await)),
            (422, "/clerk/organization")
        );
        count += 1;
        assert_eq!(events(&app, count).await[count - 1].0, expected);
    }
    assert_eq!(
        maya.post("organization", &[("action", "rename"), ("name", " ")])
            .await
            .status(),
        422
    );
    assert_eq!(maya.post("organization", &[("action", "dance")]).await.status(), 422);
    let html = tom.get("organization").await.text().await.unwrap();
    assert!(
        html.contains("<h1>Acme Ltd</h1>") && !html.contains("Delete organization"),
        "{html}"
    );

    // Who left acts for nobody, whatever their session says.
    assert_eq!(
        place(
            &tom.post("organization", &[("action", "remove"), ("user", "user_tom")])
                .await
        ),
        "/clerk/organization"
    );
    assert_eq!(tom.claims().get("o"), None);
    events(&app, count + 1).await;
    maya.post("organization", &[("action", "delete")]).await;
    assert_eq!(maya.claims().get("o"), None);
    let told = events(&app, count + 3).await;
    assert_eq!(told[count].1["public_user_data"]["user_id"], "user_tom");
    assert_eq!(told[count + 2].1["deleted"], true);
}

#[tokio::test]
async fn somebody_changes_and_deletes_their_account() {
    let (world, app) = world().await;
    let mut browser = Browser::new(&world);
    browser
        .post("sign-in", &[("user", "user_gus"), ("organization", "globex")])
        .await;
    events(&app, 1).await;
    let fields = [
        ("action", "save"),
        ("first_name", "<b>"),
        ("last_name", ""),
        ("email", "gus@globex.example"),
    ];
    assert_eq!(place(&browser.post("user", &fields).await), "/clerk/user");
    let told = events(&app, 2).await;
    assert_eq!((&*told[1].0, &told[1].1["first_name"]), ("user.updated", &json!("<b>")));
    let html = browser.get("user").await.text().await.unwrap();
    assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
    assert_eq!(
        place(&browser.post("user", &[("action", "delete")]).await),
        "/clerk/sign-in"
    );
    assert_eq!(browser.cookies.len(), 0);
    let told = events(&app, 4).await;
    assert_eq!((&*told[3].0, &told[3].1["id"]), ("user.deleted", &json!("user_gus")));
    let html = browser.get("sign-in").await.text().await.unwrap();
    assert!(html.contains("Tom Lindqvist") && !html.contains("user_gus"), "{html}");
}

#[tokio::test]
async fn nobody_is_led_to_a_stranger() {
    let (world, _) = world().await;
    let mut browser = Browser::new(&world);
    let sign_in = |url: &'static str| [("user", "user_maya"), ("organization", "acme"), ("redirect_url", url)];
    for url in [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "/docs",
        "javascript:alert(1)",
    ] {
        assert_eq!(browser.post("sign-in", &sign_in(url)).await.status(), 400, "{url}");
    }
    let origins = json!({ "app_origins": ["https://app.example"] });
    world.control("clerk_instance", origins).await;
    for url in [
        "http://127.0.0.1:8080/",
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
    ] {
        assert_eq!(browser.post("sign-in", &sign_in(url)).await.status(), 400, "{url}");
    }
    assert!(browser.cookies.is_empty());
    let fine = browser.post("sign-in", &sign_in("https://app.example/a?b=%22c")).await;
    assert_eq!(place(&fine), "https://app.example/a?b=%22c");
    assert_eq!(browser.claims()["azp"], "https://app.example");
    for fields in [
        [("user", "user_eve"), ("organization", "")],
        [("user", "user_maya"), ("organization", "globex")],
    ] {
        assert_eq!(browser.post("sign-in", &fields).await.status(), 422);
    }
    let html = browser
        .get("sign-in?redirect_url=https://app.example/%22%3E%3Cscript%3E")
        .await;
    let html = html.text().await.unwrap();
    assert!(
        html.contains("You are signed in as") && !html.contains("<script"),
        "{html}"
    );
    let front = world
        .client
        .get(world.sandbox.url())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(front.contains("href=\"/clerk/sign-in\""));
    assert_eq!(browser.get("nothing").await.status(), 404);
}
