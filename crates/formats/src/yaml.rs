//! YAML as a tree of texts, read within limits.
//!
//! Scalars keep the text that was written: `2.10` is a version here, not the number 2.1. Aliases are
//! followed, and what they repeat counts: a document that unfolds beyond its limits is refused, not unfolded.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;
use tidegate_domain::fault::Fault;

/// Largest document, in bytes.
pub const YAML_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most nodes of a document, those that aliases repeat among them.
pub const YAML_NODES_MAX: usize = 2_000_000;
/// Deepest nesting.
pub const YAML_DEPTH_MAX: usize = 64;

/// A node, with the line that it begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A text. Nothing, where a plain scalar says so (`~`, `null`, or no text).
    Text(Option<String>),
    List(Vec<Node>),
    /// In the order of the document. A key that is no text is left out.
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => text.as_deref(),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    pub(crate) fn list(&self) -> &[Node] {
        match &self.content {
            Content::List(nodes) => nodes,
            Content::Text(_) | Content::Map(_) => &[],
        }
    }

    pub(crate) fn map(&self) -> &[(String, Node)] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Text(_) | Content::List(_) => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.map().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The text under `key`.
    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// A fault on this node's line.
    pub(crate) fn fault(&self, what: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault { line: self.line, column: 1, what: what.into(), advice: advice.into() }
    }
}

/// Reads the documents of a stream.
pub(crate) fn documents(text: &str) -> Result<Vec<Node>, Fault> {
    if text.len() > YAML_BYTES_MAX {
        let what = format!("it has more than {YAML_BYTES_MAX} bytes");
        return Err(Fault::nowhere(what, "hand in the part that lists what runs"));
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let (line, column) = (error.marker().line(), error.marker().col() + 1);
            Fault { line, column, what: format!("not YAML: {}", error.info()), advice: String::new() }
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// Reads one document; an empty text is a fault.
pub(crate) fn document(text: &str) -> Result<Node, Fault> {
    let mut documents = documents(text)?.into_iter();
    documents.next().ok_or_else(|| Fault::nowhere("the document is empty", "hand in a document with content"))
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

struct Open {
    anchor: usize,
    nodes_before: usize,
    node: Node,
    key: Option<Option<String>>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_nothing =
                    style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let text = (!is_nothing).then(|| text.into_owned());
                self.count(1, line)?;
                let node = Node { line, content: Content::Text(text) };
                self.place(node, anchor, 1);
            }
            Event::SequenceStart(anchor, _) => self.open(anchor, line, Content::List(Vec::new()))?,
            Event::MappingStart(anchor, _) => self.open(anchor, line, Content::Map(Vec::new()))?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let size = self.nodes - open.nodes_before;
                    self.place(open.node, open.anchor, size);
                }
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    let what = "an alias repeats what contains it, or nothing";
                    return Err(Fault { line, column: 1, what: what.to_owned(), advice: String::new() });
                };
                self.count(size, line)?;
                self.place(node, 0, size);
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= YAML_NODES_MAX {
            return Ok(());
        }
        let what = format!("the document unfolds to more than {YAML_NODES_MAX} nodes");
        Err(Fault { line, column: 1, what, advice: "write it without so many aliases".to_owned() })
    }

    fn open(&mut self, anchor: usize, line: usize, content: Content) -> Result<(), Fault> {
        if self.open.len() >= YAML_DEPTH_MAX {
            let what = format!("it is nested deeper than {YAML_DEPTH_MAX} levels");
            return Err(Fault { line, column: 1, what, advice: "no inventory needs that".to_owned() });
        }
        let nodes_before = self.nodes;
        self.count(1, line)?;
        self.open.push(Open { anchor, nodes_before, node: Node { line, content }, key: None });
        Ok(())
    }

    fn place(&mut self, node: Node, anchor: usize, size: usize) {
        if anchor != 0 {
            // An anchored node is kept once more, which its size has paid for.
            self.nodes = self.nodes.saturating_add(size);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match (&mut open.node.content, open.key.take()) {
            (Content::List(nodes), _) => nodes.push(node),
            (Content::Map(entries), Some(Some(key))) => entries.push((key, node)),
            (Content::Map(_), Some(None)) | (Content::Text(_), _) => {}
            (Content::Map(_), None) => open.key = Some(node.text().map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_their_text() {
        let node = document("a: 2.10\nb: '3'\nc:\n- x\n- ~\n").expect("YAML");
        assert_eq!(node.text_at("a"), Some("2.10"));
        assert_eq!(node.text_at("b"), Some("3"));
        let list = node.get("c").expect("a list");
        assert_eq!(list.list().iter().map(Node::text).collect::<Vec<_>>(), [Some("x"), None]);
        assert_eq!(list.line, 4);
    }

    #[test]
    fn an_alias_bomb_does_not_go_off() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let before = level - 1;
            let again = vec![format!("*a{before}"); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{again}]\n"));
        }
        let fault = document(&text).expect_err("a bomb");
        assert!(fault.what.contains("unfolds"), "{fault}");
    }

    #[test]
    fn nesting_is_bounded() {
        let fault = document(&"[".repeat(100_000)).expect_err("too deep");
        assert!(fault.line > 0, "{fault}");
        let fault = document(&format!("{}x{}", "[".repeat(100), "]".repeat(100))).expect_err("too deep");
        assert!(fault.what.contains("nested deeper"), "{fault}");
        assert!(document("a: [1, 2").is_err());
        assert!(document("").is_err());
    }
}
