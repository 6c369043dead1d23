//! Responses and headers that operations have in common.

use utoipa::openapi::{
    Components, ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
    header::{Header, HeaderBuilder},
};

use crate::problem::MEDIA_TYPE;

/// Each problem by its status, its name in the document, and what it means.
const PROBLEMS: [(u16, &str, &str); 14] = [
    (400, "BadRequest", "Something in the request can't be read"),
    (401, "Unauthorized", "There is no session, or not a good one"),
    (403, "Forbidden", "They may not: no member, or without the permission"),
    (404, "NotFound", "There is no such thing in this organization"),
    (409, "Conflict", "It can't be done as things stand, or is being done"),
    (410, "Gone", "The organization was deleted"),
    (412, "PreconditionFailed", "It is not as the request expects it to be"),
    (413, "TooLarge", "The body is too large"),
    (415, "UnsupportedMediaType", "The body is not JSON"),
    (
        422,
        "Unprocessable",
        "The idempotency key was used for another request, or the external system refuses",
    ),
    (429, "TooManyRequests", "The organization asks more often than it may"),
    (500, "InternalError", "Something is wrong here; the log has the reason"),
    (
        503,
        "Unavailable",
        "What this needs is not there right now, or does not hold the position yet",
    ),
    (504, "TimedOut", "It took too long; what it was to do may have happened"),
];

/// Each header by its name, whether it is a number, and what it says.
const HEADERS: [(&str, bool, &str); 10] = [
    (
        "ETag",
        false,
        "What the document says, for `If-None-Match` and `If-Match`",
    ),
    ("Idempotency-Replayed", false, "`true` where this was answered before"),
    (
        "Infragpt-Position",
        true,
        "Where in the log the write stands; absent where nothing changed",
    ),
    (
        "RateLimit-Limit",
        true,
        "How many requests the organization may make at once",
    ),
    ("RateLimit-Remaining", true, "How many of them are left"),
    (
        "RateLimit-Reset",
        true,
        "After how many seconds all of them are there again",
    ),
    ("Retry-After", true, "After how many seconds to try again"),
    ("WWW-Authenticate", false, "How to sign in"),
    ("Content-Disposition", false, "What to call the file"),
    ("X-Request-Id", false, "What an operator searches for"),
];

/// What every response to somebody who is signed in has.
pub(super) const ALWAYS: [&str; 4] = [
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "X-Request-Id",
];

/// Puts the common responses and headers where operations refer to them.
pub(super) fn define(components: &mut Components) {
    for (name, is_number, description) in HEADERS {
        let kind = if is_number { Type::Integer } else { Type::String };
        let schema = ObjectBuilder::new().schema_type(kind).minimum(is_number.then_some(0));
        let header: Header = HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(description))
            .build();
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (status, name, description) in PROBLEMS {
        let response = problem(status, description);
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
}

/// A response that is a problem.
pub(super) fn problem(status: u16, description: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let mut response = ResponseBuilder::new()
        .description(description)
        .content(MEDIA_TYPE, content)
        .build();
    let more = match status {
        401 => &["X-Request-Id", "WWW-Authenticate"][..],
        409 | 429 | 503 => &[ALWAYS[0], ALWAYS[1], ALWAYS[2], ALWAYS[3], "Retry-After"],
        _ => &ALWAYS,
    };
    add_headers(&mut response, more);
    response
}

/// Says that a response has these headers.
pub(super) fn add_headers(response: &mut Response, names: &[&str]) {
    for name in names {
        let header = Ref::new(format!("#/components/headers/{name}"));
        response.headers.insert((*name).to_owned(), RefOr::Ref(header));
    }
}

/// The common response with `status`.
pub(super) fn common(status: u16) -> Option<RefOr<Response>> {
    let (_, name, _) = PROBLEMS.into_iter().find(|(known, ..)| *known == status)?;
    Some(RefOr::Ref(Ref::from_response_name(name)))
}
