//! What the attributes submit, from whatever module: lists of things with a name.

/// One annotated item.
pub(super) trait Entry: inventory::Collect + Sync {
    /// The word for it in messages, and in its attribute.
    const KIND: &'static str;

    /// As the contract wants it; the macro has checked it.
    fn name(&self) -> &'static str;
}

/// All of them, by name.
///
/// # Panics
/// If two have one name, which the macro can see within a crate only.
pub(super) fn all<E: Entry>() -> Vec<&'static E> {
    let mut entries: Vec<&E> = inventory::iter::<E>.into_iter().collect();
    entries.sort_unstable_by_key(|entry| entry.name());
    let mut pairs = entries.windows(2);
    if let Some(pair) = pairs.find(|pair| pair[0].name() == pair[1].name()) {
        panic!(
            "two {kind}s of this plugin are called `{}`; give one another name, with name = \"…\" in its #[plugin_{kind}(…)]",
            pair[0].name(),
            kind = E::KIND,
        );
    }
    entries
}

/// The one called `name`. A walk, not a map: in a fresh instance a map would cost more than it saves.
pub(super) fn find<E: Entry>(name: &str) -> Option<&'static E> {
    let mut entries = inventory::iter::<E>.into_iter();
    entries.find(|entry| entry.name() == name)
}

/// A doc comment, if there is one.
pub(super) fn given(doc: &str) -> Option<String> {
    (!doc.is_empty()).then(|| doc.to_owned())
}

pub(super) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
