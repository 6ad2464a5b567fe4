//! The JSON Schema for editors: generated from [`Config`], committed as `docs/iamtrim.schema.json`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;
use std::borrow::Cow;

use super::{Age, Config, FindingsEntry, Glob, IdentityRef, Level, PolicyPattern};
use crate::rule::RULES;

const DAYS: &str = "[0-9]{1,5}d";
const ARN: &str = "^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user|group)/.+$";

pub(super) fn levels(generator: &mut SchemaGenerator) -> Schema {
    let level = generator.subschema_for::<Level>();
    let rules: serde_json::Map<_, _> =
        RULES.iter().map(|rule| (rule.id.to_owned(), level.clone().to_value())).collect();
    json_schema!({ "type": "object", "properties": rules, "additionalProperties": false })
}

macro_rules! schema {
    ($($type:ident => $schema:expr;)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )+};
}

schema! {
    Age => json_schema!({ "type": "string", "pattern": format!("^({DAYS}|never)$") });
    Glob => json_schema!({ "type": "string", "minLength": 1, "maxLength": 1000 });
    PolicyPattern => json_schema!({ "type": "string", "pattern": "^[^#]+(#.+)?$" });
    IdentityRef => json_schema!({ "type": "string", "pattern": format!("{ARN}|^[A-Za-z0-9_+=,.@-]{{1,64}}$") });
    FindingsEntry => json_schema!({
        "anyOf": [
            { "type": "string", "minLength": 1, "description": "A file, folder or glob." },
            {
                "type": "object",
                "properties": {
                    "path": { "type": "string", "minLength": 1, "description": "A file, folder or glob." },
                    "identity": {
                        "type": "string",
                        "pattern": ARN,
                        "description": "The identity that an export is about which names none."
                    },
                    "unused-for": {
                        "type": "string",
                        "pattern": format!("^{DAYS}$"),
                        "description": "Overrides the setting of the same name for these exports."
                    }
                },
                "required": ["path"],
                "additionalProperties": false
            }
        ]
    });
}

fn generated() -> String {
    let schema = schemars::schema_for!(Config);
    let mut text = serde_json::to_string_pretty(&schema).unwrap();
    text.push('\n');
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "`UPDATE=1 cargo test` rewrites the committed schema")]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/iamtrim.schema.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, generated()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, generated(), "run `UPDATE=1 cargo test schema` and commit docs/iamtrim.schema.json");
}

#[test]
fn the_schema_knows_every_key_and_rule() {
    let schema: serde_json::Value = serde_json::from_str(&generated()).unwrap();
    let keys: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    let documented = include_str!("../../docs/configuration.md");
    for key in &keys {
        assert!(documented.contains(&format!("\n### `{key}`\n")), "{key} is not documented");
    }
    assert_eq!(documented.matches("\n### `").count(), keys.len());
    assert_eq!(schema["additionalProperties"], json!(false));
    for id in RULES.iter().map(|rule| rule.id) {
        assert!(documented.contains(&format!("`{id}`")), "{id} is not documented");
        assert!(schema["properties"]["levels"]["properties"][id].is_object(), "{id}");
    }
}
