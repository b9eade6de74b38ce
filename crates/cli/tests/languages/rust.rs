#[test]
fn a_stranger_is_called_by_its_types() {
    crate::is_called_by_its_types("rust");
}
