//! Enums whose variants have names in output, filters or recordings: each name stands beside its variant.

/// `pub enum Direction, name: "The name in JSON." { In = "in", Out = "out" }` → the enum, its `ALL`, and `name()`.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $vis:vis enum $enum:ident, $name:ident: $doc:literal {
            $($(#[$of:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$meta])*
        $vis enum $enum {
            $($(#[$of])* $variant,)*
        }

        impl $enum {
            /// All of them, in order.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),*];

            #[doc = $doc]
            $vis const fn $name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}
pub(crate) use named;
