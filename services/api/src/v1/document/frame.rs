//! What the document says before any route does: what the API is, where it is, how to sign in.

use utoipa::openapi::{
    Components, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
    ServerBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

const ABOUT: &str = include_str!("about.md");

/// What stands together in the document.
const TAGS: [(&str, &str); 7] = [
    (
        "organization",
        "The organization, what it says about itself, and who belongs to it",
    ),
    ("integrations", "Connections to Slack, GitHub and other systems"),
    ("resources", "What the connections may see"),
    ("changes", "What changed in the repositories"),
    ("conversations", "What was asked in chat, and what was answered"),
    ("actions", "What agents proposed to do"),
    ("audit", "Who did what, and how much"),
];

/// The document without any route.
pub(crate) fn frame() -> OpenApi {
    let mut components = Components::new();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "A session token of Clerk's. A browser that is signed in sends it by itself, as the cookie `__session`.",
        ));
    components.add_security_scheme("session", SecurityScheme::Http(bearer.build()));
    let tags = TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("InfraGPT")
                .version("1")
                .description(Some(ABOUT))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .contact(Some(ContactBuilder::new().name(Some("InfraGPT")).build()))
                .build(),
        )
        .servers(Some([ServerBuilder::new().url("/api/v1").build()]))
        .tags(Some(tags))
        .components(Some(components))
        .security(Some([SecurityRequirement::new("session", [] as [String; 0])]))
        .build()
}
