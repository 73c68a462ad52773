//! The languages that are read, and where their grammars keep the names that a file declares.

use tree_sitter::Language as Grammar;

/// A language whose parser is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// C, headers included.
    C,
    /// Python.
    Python,
    /// Java.
    Java,
    /// Go.
    Go,
    /// Rust.
    Rust,
}

/// What a place in the grammar makes of the name that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Other files may use it.
    Defined,
    /// As above, unless it stands in a function: then it is of that function alone.
    DefinedOutside,
    /// Other files may use it, if its body follows.
    DefinedWithBody,
    /// It is of this function alone. All names below the place are.
    Bound,
    /// It names nothing that could be missing, such as a keyword of an argument.
    Ignored,
}

/// A node's kind, the field of it, and what the name there is. A `None` field is any child.
pub(super) type Place = (&'static str, Option<&'static str>, Role);

impl Language {
    /// The language of a file, by its name.
    #[must_use]
    pub fn of(path: &[u8]) -> Option<Language> {
        let name = path.rsplit(|&byte| byte == b'/').next()?;
        let dot = memchr::memrchr(b'.', name)?;
        match name.get(dot + 1..)? {
            b"c" | b"h" => Some(Language::C),
            b"py" => Some(Language::Python),
            b"java" => Some(Language::Java),
            b"go" => Some(Language::Go),
            b"rs" => Some(Language::Rust),
            _ => None,
        }
    }

    pub(super) fn grammar(self) -> Grammar {
        match self {
            Language::C => tree_sitter_c::LANGUAGE.into(),
            Language::Python => tree_sitter_python::LANGUAGE.into(),
            Language::Java => tree_sitter_java::LANGUAGE.into(),
            Language::Go => tree_sitter_go::LANGUAGE.into(),
            Language::Rust => tree_sitter_rust::LANGUAGE.into(),
        }
    }

    /// Nodes in which a declaration is of a function alone.
    pub(super) fn inside(self, kind: &str) -> bool {
        match self {
            Language::C => kind == "compound_statement",
            Language::Python => matches!(kind, "function_definition" | "lambda"),
            Language::Java | Language::Go | Language::Rust => kind == "block",
        }
    }

    /// What declares names.
    pub(super) fn places(self) -> &'static [Place] {
        match self {
            Language::C => C,
            Language::Python => PYTHON,
            Language::Java => JAVA,
            Language::Go => GO,
            Language::Rust => RUST,
        }
    }
}

/// Whether a leaf is a name, in any of the grammars.
pub(super) fn is_name(kind: &str) -> bool {
    matches!(kind, "identifier" | "type_identifier" | "field_identifier" | "shorthand_field_identifier")
}

/// Whether a name at this place is called.
pub(super) fn is_call(parent: &str, field: Option<&str>) -> bool {
    matches!(
        (parent, field),
        ("call_expression" | "call", Some("function"))
            | ("method_invocation", Some("name"))
            | ("macro_invocation", Some("macro"))
    )
}

const NAME: Option<&str> = Some("name");
const DECLARATOR: Option<&str> = Some("declarator");

const C: &[Place] = &[
    ("function_definition", DECLARATOR, Role::Defined),
    ("declaration", DECLARATOR, Role::DefinedOutside),
    ("type_definition", DECLARATOR, Role::Defined),
    ("field_declaration", DECLARATOR, Role::Defined),
    ("parameter_declaration", DECLARATOR, Role::Bound),
    ("preproc_def", NAME, Role::Defined),
    ("preproc_function_def", NAME, Role::Defined),
    ("preproc_params", None, Role::Bound),
    ("enumerator", NAME, Role::Defined),
    ("struct_specifier", NAME, Role::DefinedWithBody),
    ("union_specifier", NAME, Role::DefinedWithBody),
    ("enum_specifier", NAME, Role::DefinedWithBody),
];

const PYTHON: &[Place] = &[
    ("function_definition", NAME, Role::Defined),
    ("class_definition", NAME, Role::Defined),
    ("assignment", Some("left"), Role::DefinedOutside),
    ("parameters", None, Role::Bound),
    ("lambda_parameters", None, Role::Bound),
    ("default_parameter", NAME, Role::Bound),
    ("typed_default_parameter", NAME, Role::Bound),
    ("for_statement", Some("left"), Role::Bound),
    ("for_in_clause", Some("left"), Role::Bound),
    ("named_expression", NAME, Role::Bound),
    ("as_pattern", Some("alias"), Role::Bound),
    ("aliased_import", Some("alias"), Role::Bound),
    ("keyword_argument", NAME, Role::Ignored),
];

const JAVA: &[Place] = &[
    ("class_declaration", NAME, Role::Defined),
    ("interface_declaration", NAME, Role::Defined),
    ("enum_declaration", NAME, Role::Defined),
    ("record_declaration", NAME, Role::Defined),
    ("annotation_type_declaration", NAME, Role::Defined),
    ("annotation_type_element_declaration", NAME, Role::Defined),
    ("method_declaration", NAME, Role::Defined),
    ("constructor_declaration", NAME, Role::Ignored),
    ("enum_constant", NAME, Role::Defined),
    ("variable_declarator", NAME, Role::DefinedOutside),
    ("formal_parameter", NAME, Role::Bound),
    ("catch_formal_parameter", NAME, Role::Bound),
    ("enhanced_for_statement", NAME, Role::Bound),
    ("resource", NAME, Role::Bound),
    ("inferred_parameters", None, Role::Bound),
    ("lambda_expression", Some("parameters"), Role::Bound),
    ("type_parameter", None, Role::Bound),
];

const GO: &[Place] = &[
    ("function_declaration", NAME, Role::Defined),
    ("method_declaration", NAME, Role::Defined),
    ("method_elem", NAME, Role::Defined),
    ("type_spec", NAME, Role::Defined),
    ("type_alias", NAME, Role::Defined),
    ("const_spec", NAME, Role::DefinedOutside),
    ("var_spec", NAME, Role::DefinedOutside),
    ("field_declaration", NAME, Role::Defined),
    ("parameter_declaration", NAME, Role::Bound),
    ("variadic_parameter_declaration", NAME, Role::Bound),
    ("type_parameter_declaration", NAME, Role::Bound),
    ("short_var_declaration", Some("left"), Role::Bound),
    ("range_clause", Some("left"), Role::Bound),
    ("receive_statement", Some("left"), Role::Bound),
    ("type_switch_statement", Some("alias"), Role::Bound),
];

const RUST: &[Place] = &[
    ("function_item", NAME, Role::Defined),
    ("function_signature_item", NAME, Role::Defined),
    ("struct_item", NAME, Role::Defined),
    ("enum_item", NAME, Role::Defined),
    ("union_item", NAME, Role::Defined),
    ("type_item", NAME, Role::Defined),
    ("associated_type", NAME, Role::Defined),
    ("trait_item", NAME, Role::Defined),
    ("mod_item", NAME, Role::Defined),
    ("macro_definition", NAME, Role::Defined),
    ("const_item", NAME, Role::Defined),
    ("static_item", NAME, Role::Defined),
    ("enum_variant", NAME, Role::Defined),
    ("field_declaration", NAME, Role::Defined),
    ("let_declaration", Some("pattern"), Role::Bound),
    ("parameter", Some("pattern"), Role::Bound),
    ("closure_parameters", None, Role::Bound),
    ("for_expression", Some("pattern"), Role::Bound),
    ("type_parameter", NAME, Role::Bound),
    ("const_parameter", NAME, Role::Bound),
    ("use_as_clause", Some("alias"), Role::Bound),
];
