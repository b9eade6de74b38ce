//! The macro that makes payloads: two structs, a [`Payload`](super::Payload) and a [`Point`](super::Point) of each.

macro_rules! points {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident / $metadata:ident at $point:literal {
            metadata { $($(#[$meta_attribute:meta])+ $meta:ident: $meta_type:ty,)* }
            content { $($(#[$content_attribute:meta])+ $content:ident: $content_type:ty,)* }
            changes { $($changed:ident: $change:ident,)* }
            $(cancel $cancel:literal)?
        }
    )*) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            pub struct $name {
                $($(#[$meta_attribute])+ pub $meta: $meta_type,)*
                $($(#[$content_attribute])+ pub $content: $content_type,)*
            }

            #[doc = concat!("The metadata of a [`", stringify!($name), "`].")]
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
            pub struct $metadata {
                $($(#[$meta_attribute])+ pub $meta: $meta_type,)*
            }

            impl Payload for $name {
                type Metadata = $metadata;
                const POINT: &'static str = $point;
            }
        )*

        /// All points, in the order of an agent's life.
        pub static POINTS: &[Point] = &[$(Point {
            name: $point,
            description: concat!($($doc, "\n",)+).trim_ascii(),
            content: &[$(stringify!($content)),*],
            changes: &[$((stringify!($changed), Change::$change)),*],
            cancel: points!(@cancel $($cancel)?),
            schema: || schemars::schema_for!($name).to_value(),
        }),*];
    };
    (@cancel) => { None };
    (@cancel $cancel:literal) => { Some($cancel) };
}

pub(super) use points;
