use super::*;

fn read(text: &str) -> Result<Evidence, crate::error::Error> {
    let mut builder = EvidenceBuilder::new(Selection::default());
    builder.read("f.json", text.as_bytes(), &ReadOptions::default())?;
    Ok(builder.finish())
}

#[test]
fn smoke() {
    let seed = r#"[{"serviceNamespace":"lambda","actions":["GetFunction"]},{"serviceNamespace":"s3"}]"#;
    let evidence = read(seed).unwrap();
    assert_eq!(evidence.anonymous.unwrap().services.len(), 2);
}
