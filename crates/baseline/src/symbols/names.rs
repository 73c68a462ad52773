//! The names that a file declares and uses, as its parser sees them.

use super::language::{Language, Role, is_call, is_name};
use foldhash::{HashMap, HashMapExt, HashSet};
use serde::Serialize;
use std::ops::ControlFlow;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, TreeCursor};

/// Largest file that is parsed, in bytes.
pub const FILE_BYTES_MAX: usize = 2 << 20;
/// How far a parser goes: it counts each hundred of its steps. No limit on time, which would make answers differ.
const PARSE_HUNDREDS_MAX: usize = 100_000;

/// In which way a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// It is called: a function, a method or a macro.
    Call,
    /// As a type.
    Type,
    /// As a member of something.
    Member,
    /// As a value: a constant, a variable, a macro without arguments.
    Value,
}

/// A place at which a name is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The name.
    pub name: Box<str>,
    /// Its line, from 0.
    pub line: u32,
    /// How.
    pub usage: Usage,
}

/// The names of one file.
#[derive(Debug, Default)]
pub struct Names {
    /// What other files may use, each with the first line that declares it, from 0.
    pub defined: HashMap<Box<str>, u32>,
    /// What is of a function alone: parameters, variables.
    pub bound: HashSet<Box<str>>,
    /// Everything else, in order.
    pub used: Vec<Use>,
}

impl Names {
    /// Whether the file shows that there is such a name: it defines it, or uses it without having bound it.
    /// The release is taken to compile: what it uses, it has.
    #[must_use]
    pub fn show(&self, name: &str) -> bool {
        self.defined.contains_key(name)
            || !self.bound.contains(name) && self.used.iter().any(|found| &*found.name == name)
    }
}

/// Parses a file. `None` if it is larger than [`FILE_BYTES_MAX`], or takes more than a parser may do.
#[must_use]
pub fn names(language: Language, text: &[u8]) -> Option<Names> {
    if text.len() > FILE_BYTES_MAX {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()).ok()?;
    let mut hundreds = 0;
    let mut progress = |_: &ParseState| {
        hundreds += 1;
        if hundreds > PARSE_HUNDREDS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| text.get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut read, None, Some(options))?;
    let mut reader = Reader { language, text, roles: HashMap::new(), names: Names::default() };
    reader.walk(&mut tree.walk());
    Some(reader.names)
}

struct Reader<'a> {
    language: Language,
    text: &'a [u8],
    /// What the leaves that declare a name make of it, by the number of the node: parents come before them.
    roles: HashMap<usize, Role>,
    names: Names,
}

impl Reader<'_> {
    /// Goes through all nodes, parents first. Without recursion: files nest as deeply as strangers like.
    fn walk<'t>(&mut self, cursor: &mut TreeCursor<'t>) {
        let mut above: Vec<(&'t str, bool)> = Vec::new();
        loop {
            let node = cursor.node();
            let (parent, inside) = above.last().copied().unwrap_or(("", false));
            self.visit(node, parent, cursor.field_name(), inside);
            let inside_node = inside || self.language.inside(node.kind());
            if cursor.goto_first_child() {
                above.push((node.kind(), inside_node));
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                above.pop();
            }
        }
    }

    fn visit(&mut self, node: Node<'_>, parent: &str, field: Option<&str>, inside: bool) {
        let mut places = self.language.places().iter();
        let place = places.find(|(kind, at, _)| *kind == parent && (at.is_none() || *at == field));
        if let Some((_, _, role)) = place {
            self.declare(node, *role, inside);
        }
        if node.child_count() > 0 || !is_name(node.kind()) {
            return;
        }
        let Some(name) = self.text.get(node.byte_range()).and_then(|name| str::from_utf8(name).ok()) else {
            return;
        };
        let line = node.start_position().row as u32;
        match self.roles.remove(&node.id()) {
            Some(Role::Bound) => {
                self.names.bound.insert(name.into());
            }
            Some(Role::Ignored) => {}
            Some(Role::Defined | Role::DefinedOutside | Role::DefinedWithBody) => {
                self.names.defined.entry(name.into()).or_insert(line);
            }
            None => {
                let usage = match node.kind() {
                    _ if is_call(parent, field) => Usage::Call,
                    "type_identifier" => Usage::Type,
                    "field_identifier" | "shorthand_field_identifier" => Usage::Member,
                    _ => Usage::Value,
                };
                self.names.used.push(Use { name: name.into(), line, usage });
            }
        }
    }

    /// Marks the names that a node at a declaring place declares.
    fn declare(&mut self, node: Node<'_>, role: Role, inside: bool) {
        let role = match role {
            Role::DefinedOutside if inside => Role::Bound,
            Role::DefinedWithBody => {
                let body = node.parent().and_then(|parent| parent.child_by_field_name("body"));
                if body.is_none() {
                    return;
                }
                Role::Defined
            }
            Role::Defined | Role::DefinedOutside | Role::Bound | Role::Ignored => role,
        };
        let mut waiting = vec![node];
        while let Some(node) = waiting.pop() {
            if is_name(node.kind()) {
                self.roles.insert(node.id(), role);
            } else if let Some(inner) = node.child_by_field_name("declarator") {
                waiting.push(inner);
            } else if node.kind() == "attribute" {
                // `self.name = value` makes a member, wherever it stands.
                let name = node.child_by_field_name("attribute");
                self.roles.extend(name.map(|name| (name.id(), Role::Defined)));
            } else if node.kind() == "typed_parameter" {
                waiting.extend(node.child(0));
            } else if !declares_elsewhere(node.kind()) {
                let kind_of = node.child_by_field_name("type").map(|node| node.id());
                let children = (0..node.child_count()).filter_map(|at| node.child(at));
                waiting.extend(children.filter(|child| Some(child.id()) != kind_of));
            }
        }
    }
}

/// Nodes below a declaring place that declare nothing, or by a place of their own.
fn declares_elsewhere(kind: &str) -> bool {
    matches!(
        kind,
        "parameter"
            | "formal_parameter"
            | "default_parameter"
            | "typed_default_parameter"
            | "parameter_list"
            | "subscript"
            | "subscript_expression"
            | "selector_expression"
            | "index_expression"
            | "call"
            | "call_expression"
            | "scoped_identifier"
            | "field_expression"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(language: Language, text: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
        let names = names(language, text.as_bytes()).expect("parsed");
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list.dedup();
            list
        };
        (
            sorted(names.defined.keys().map(|name| name.to_string()).collect()),
            sorted(names.bound.iter().map(|name| name.to_string()).collect()),
            sorted(names.used.iter().map(|found| format!("{}:{:?}", found.name, found.usage)).collect()),
        )
    }

    fn expect(language: Language, text: &str, defined: &str, bound: &str, used: &str) {
        let found = read(language, text);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found, (words(defined), words(bound), words(used)));
    }

    #[test]
    fn c() {
        expect(
            Language::C,
            "#define LIMIT 4\n#define twice(x) ((x) * 2)\nstruct list { struct item *first; };\n\
             typedef struct list list_t;\nenum mode { FAST, SLOW = LIMIT };\nextern int count;\n\
             int grow(list_t *l, int by) {\n  int i = count;\n  /* no_word */\n  struct page *p = find(l->first);\n\
             return twice(i) + FAST + \"no_text\"[by];\n}\n",
            "FAST LIMIT SLOW count first grow list list_t mode twice",
            "by i l p x",
            "FAST:Value LIMIT:Value by:Value count:Value find:Call first:Member i:Value item:Type l:Value \
             list:Type list_t:Type page:Type twice:Call",
        );
    }

    #[test]
    fn python() {
        expect(
            Language::Python,
            "from tools import helper\nLIMIT = 3\nclass Box(Base):\n    def put(self, thing, *rest, to=None):\n\
             \x20       self.held = helper(thing, key=LIMIT)\n        for one in rest:\n            local = one.size()\n",
            "Box LIMIT held put",
            "local one rest self thing to",
            "Base:Value LIMIT:Value helper:Call helper:Value one:Value rest:Value self:Value size:Value thing:Value \
             tools:Value",
        );
    }

    #[test]
    fn java() {
        expect(
            Language::Java,
            "class Box extends Base {\n  static final int LIMIT = 3;\n  int put(Thing thing) {\n\
             \x20   int local = Tools.grow(thing);\n    return local + LIMIT;\n  }\n}\n",
            "Box LIMIT put",
            "local thing",
            "Base:Type LIMIT:Value Thing:Type Tools:Value grow:Call local:Value thing:Value",
        );
    }

    #[test]
    fn go() {
        expect(
            Language::Go,
            "package box\n\nconst Limit = 3\n\ntype Box struct{ held Thing }\n\n\
             func (b *Box) Put(t Thing) int {\n\tlocal := grow(t)\n\tb.held = t\n\treturn local + Limit\n}\n",
            "Box Limit Put held",
            "b local t",
            "Box:Type Limit:Value Thing:Type b:Value grow:Call held:Member int:Type local:Value t:Value",
        );
    }

    #[test]
    fn rust() {
        expect(
            Language::Rust,
            "const LIMIT: u32 = 3;\nstruct Held { inner: Thing }\nimpl Held {\n    fn put(&self, by: Amount) -> u32 {\n\
             \x20       let local = grow!(by);\n        self.inner.take(local) + LIMIT\n    }\n}\n",
            "Held LIMIT inner put",
            "by local",
            "Amount:Type Held:Type LIMIT:Value Thing:Type by:Value grow:Call inner:Member local:Value take:Member",
        );
    }

    #[test]
    fn hostile_files_end() {
        for language in [Language::C, Language::Python, Language::Java, Language::Go, Language::Rust] {
            for unit in ["(", "{", "[", "a(", "*", "struct x {", "\"", "/*", "<", "if x:\n ", "a = ", "\u{0}"]
            {
                let text = unit.repeat(20_000 / unit.len());
                let _ = names(language, text.as_bytes());
            }
            assert!(names(language, &vec![b'\n'; FILE_BYTES_MAX + 1]).is_none());
        }
    }
}
