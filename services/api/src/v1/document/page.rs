//! The document as a page to browse: Swagger UI, from this process and from nowhere else.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{RawPathParams, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use utoipa_swagger_ui::Config;

use crate::{RequestId, v1::Error};

/// What the page needs to work: its own scripts, and styles that it sets on its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The files of the page.
#[derive(Clone)]
pub(crate) struct Files(Arc<Config<'static>>);

impl Files {
    /// A page that shows the document at `document`.
    pub fn new(document: &'static str) -> Self {
        let config = Config::from(document)
            .try_it_out_enabled(true)
            .persist_authorization(false)
            .with_credentials(true)
            .use_base_layout();
        Self(Arc::new(config))
    }
}

/// One file of the page.
pub(crate) async fn page(
    State(Files(config)): State<Files>,
    Extension(id): Extension<RequestId>,
    parameters: RawPathParams,
) -> Response {
    let file = parameters.iter().next().map_or("", |(_, file)| file);
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(file)) => {
            let mut response = file.bytes.into_owned().into_response();
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
            response
        }
        Ok(None) => Error::no_such("page").respond(&id),
        Err(error) => Error::internal(error.to_string()).respond(&id),
    }
}
