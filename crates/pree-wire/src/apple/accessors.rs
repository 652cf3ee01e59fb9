//! The macro that makes accessors of the places of members.

/// `View, layout; doc lines, name: type, MEMBER; …` → accessors on `View { bytes }`. That the type has the member's width
/// is checked when the program is built.
macro_rules! apple_struct {
    ($view:ident, $layout:ident; $( $(#[doc = $doc:literal])+ $name:ident: $type:ident, $member:ident; )*) => {
        impl $view<'_> {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nMember of `struct ", stringify!($layout), "`; `None` where the structure is too short for it.")]
                #[inline]
                pub fn $name(self) -> Option<$type> {
                    const PLACE: crate::apple::place::Place = crate::apple::layout::$layout::$member;
                    const { assert!(PLACE.size == size_of::<$type>(), "the member has another width") };
                    crate::bytes::Native::at(self.bytes, PLACE.offset)
                }
            )*
        }
    };
}
