mod tree;
pub use tree::{Node, Tree};
/// What the metavariables of a match stand for.
#[derive(Debug, Clone, Default)]
pub struct Captures {
    single: Vec<(String, Node)>,
    multiple: Vec<(String, Vec<Node>)>,
}

impl Captures {
    /// The node that `$NAME` stands for.
    pub fn get(&self, name: &str) -> Option<Node> {
        self.single.iter().find(|(known, _)| known == name).map(|(_, node)| *node)
    }
}
