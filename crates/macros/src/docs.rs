//! Doc comments as text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc comment of an item: its lines without the space after `///`, without empty ones around them.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes.iter().filter_map(line).collect();
    let text = lines
        .iter()
        .flat_map(|line| line.split('\n'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect::<Vec<_>>()
        .join("\n");
    text.trim().to_owned()
}

fn line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(line),
                ..
            }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::{ItemFn, parse_quote};

    use super::text;

    #[test]
    fn lines_lose_one_space_and_keep_their_indentation() {
        let function: ItemFn = parse_quote! {
            ///
            /// First.
            ///
            /// - a list
            ///   goes on
            ///
            fn f() {}
        };
        assert_eq!(text(&function.attrs), "First.\n\n- a list\n  goes on");
    }

    #[test]
    fn a_block_comment_and_doc_text_count_too() {
        let function: ItemFn = parse_quote! {
            #[doc = "One."]
            #[allow(unused)]
            #[doc = " Two.\nThree."]
            fn f() {}
        };
        assert_eq!(text(&function.attrs), "One.\nTwo.\nThree.");
    }

    #[test]
    fn no_comment_is_no_text() {
        let function: ItemFn = parse_quote! { fn f() {} };
        assert_eq!(text(&function.attrs), "");
    }
}
