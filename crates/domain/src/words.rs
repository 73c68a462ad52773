//! Closed lists of words, so that a new one does not compile until every table has it.

/// Makes an enum whose variants have a name in policies and a phrase for people.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal, $phrase:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every word of this list, in the order of the manual.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word as files and the command line write it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The word as a phrase for people.
            #[must_use]
            pub fn phrase(self) -> &'static str {
                match self { $($name::$variant => $phrase,)+ }
            }

            /// The word that is written so, if there is one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|word| word.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use words;
