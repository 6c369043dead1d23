//! What the door adds to every operation, so that no route has to say it: its permission, its headers, and what can be wrong.

use std::collections::BTreeMap;

use infragpt_events::organization::Role;
use serde_json::json;
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        OpenApi, Ref, RefOr, Response, Schema,
        extensions::ExtensionsBuilder,
        path::{Operation, Parameter, ParameterIn, PathItem},
        request_body::RequestBody,
        response::ResponseBuilder,
        schema::ArrayItems,
    },
};

use super::problems::{ALWAYS, add_headers, common, define, problem};
use crate::{Problem, v1::permission};

/// Schemas of what is sent, where what is absent may be absent. In what is answered everything is always there.
const SENT: [&str; 2] = ["BeginAuthorization", "Problem"];

/// Completes the document that the routes made.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert(Problem::name().into_owned(), Problem::schema());
    for (name, schema) in &mut components.schemas {
        let RefOr::T(Schema::Object(object)) = schema else {
            continue;
        };
        if !SENT.contains(&name.as_str()) {
            object.required = object.properties.keys().cloned().collect();
        }
        if let (Some(item), Some(RefOr::T(Schema::Array(data)))) =
            (name.strip_prefix("List_"), object.properties.get_mut("data"))
        {
            data.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
    }
    define(components);
    for item in document.paths.paths.values_mut() {
        for (writes, operation) in operations(item) {
            complete_operation(operation, writes);
        }
    }
    document
}

/// The operations of a path, and whether they change something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let reading = item.get.iter_mut().map(|operation| (false, operation));
    let writing = [&mut item.put, &mut item.post, &mut item.delete];
    reading.chain(writing.into_iter().flatten().map(|operation| (true, operation)))
}

fn complete_operation(operation: &mut Operation, writes: bool) {
    let id = operation.operation_id.clone().unwrap_or_default();
    if let Some(rule) = permission::of_operation(&id).and_then(permission::Permission::rule) {
        let who = match rule.least {
            Role::Member => "every member has",
            Role::Admin => "administrators have",
        };
        let who = format!("Needs `{}`, which {who}.", rule.permission);
        let about = operation
            .description
            .take()
            .map(|text| format!("{text}\n\n"))
            .unwrap_or_default();
        operation.description = Some(format!("{about}{who}"));
        let permission = json!({ "least_role": rule.least.as_str(), "name": rule.permission.as_str() });
        operation.extensions = Some(ExtensionsBuilder::new().add("x-permission", permission).build());
    }
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has = |wanted: &dyn Fn(&Parameter) -> bool| {
        parameters
            .iter()
            .any(|parameter| matches!(parameter, RefOr::T(parameter) if wanted(parameter)))
    };
    let can_be_missing = has(&|it| it.parameter_in == ParameterIn::Path || it.name == "cursor");
    let mut statuses = vec![400, 401, 403, 429, 500, 503];
    statuses.extend(can_be_missing.then_some(404));
    if writes {
        statuses.extend([404, 409, 410, 413, 422, 504]);
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        statuses.push(415);
        allow_absence(body);
    }
    let responses = &mut operation.responses.responses;
    describe(responses, writes);
    for status in statuses {
        if let Some(response) = common(status) {
            responses.entry(status.to_string()).or_insert(response);
        }
    }
}

/// A body that may be absent may not be null instead.
fn allow_absence(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(choice))) = &content.schema {
            let present = choice.items.iter().find(|item| matches!(item, RefOr::Ref(_)));
            content.schema = present.cloned();
        }
    }
}

/// Adds to what the route itself says: headers to what goes well, and what a problem looks like.
fn describe(responses: &mut BTreeMap<String, RefOr<Response>>, writes: bool) {
    let mut is_document = false;
    for (status, response) in responses.iter_mut() {
        let RefOr::T(response) = response else { continue };
        if status.starts_with('4') || status.starts_with('5') {
            *response = problem(status.parse().unwrap_or_default(), &response.description);
            continue;
        }
        add_headers(response, &ALWAYS);
        if writes {
            add_headers(response, &["Infragpt-Position", "Idempotency-Replayed"]);
        } else if response.content.contains_key("application/json") {
            add_headers(response, &["ETag"]);
            is_document = true;
        } else {
            add_headers(response, &["Content-Disposition"]);
        }
    }
    if is_document {
        let mut unchanged = ResponseBuilder::new()
            .description("It is as the request knows it already (`If-None-Match`)")
            .build();
        add_headers(&mut unchanged, &ALWAYS);
        add_headers(&mut unchanged, &["ETag"]);
        responses.insert("304".to_owned(), RefOr::T(unchanged));
    }
}
