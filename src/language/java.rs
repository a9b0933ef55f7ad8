//! Java.
//!
//! Deliberately absent: packages, types.

use super::conventions::{ASK, Code, Names, TESTS, around};
use super::lexis::UNKNOWN;
use super::{Fact, Language, Place, Turns};
use crate::finding::Cause;
use crate::matcher::Node;

/// Java.
pub static JAVA: Language = Language {
    name: "java",
    aliases: &[],
    extensions: &["java"],
    grammar: || tree_sitter_java::LANGUAGE.into(),
    expando: '$',
    comments: &["line_comment", "block_comment"],
    comment_marks: &[("//", ""), ("/**", "*/"), ("/*", "*/")],
    blocks: &[
        "program",
        "block",
        "constructor_body",
        "class_body",
        "interface_body",
        "enum_body_declarations",
        "switch_block_statement_group",
    ],
    items: &[
        ("method_declaration", "name"),
        ("constructor_declaration", "name"),
        ("compact_constructor_declaration", "name"),
        ("class_declaration", "name"),
        ("interface_declaration", "name"),
        ("enum_declaration", "name"),
        ("record_declaration", "name"),
        ("annotation_type_declaration", "name"),
    ],
    branches: &["switch_block_statement_group", "switch_rule"],
    decorations: &[],
    calls: &["method_invocation", "object_creation_expression"],
    callee: &[
        ("method_invocation", "name"),
        ("object_creation_expression", "type"),
    ],
    lexis: &UNKNOWN,
    example_path: "src/main/java/Example.java",
    facts: &[Fact {
        name: TESTS,
        about: "a test by the conventions of Maven, Gradle and JUnit: below `src/test/` or a source set like it, outside of `src/main/` named `*Test.java`, `*Tests.java`, `*TestCase.java` or `*IT.java`, or in a class or method with `@Test`, `@ParameterizedTest`, `@BeforeEach` or the like",
        ask: ASK,
        holds: is_test,
    }],
    turned: |_, _, _| Turns::default(),
    about: |_, _| Vec::new(),
};

/// Names of files say something only where they are not below `src/main/`, which is shipped.
const NAMES: Names = Names {
    folders: &["javatests"],
    starts: &[],
    ends: &["Test", "Tests", "TestCase", "IT"],
    names: &[],
};

fn is_test(place: &Place<'_>) -> Option<Cause> {
    let path = place.source.path.text();
    let parts: Vec<&str> = path.split('/').collect();
    let source_set = parts
        .windows(2)
        .find(|pair| pair[0] == "src")
        .map(|pair| pair[1]);
    let by_path = match source_set {
        Some("main") => None,
        Some(set) if set.to_ascii_lowercase().contains("test") => Some(Cause {
            text: path.clone().into_owned(),
            path: path.clone().into_owned(),
            line: 1,
        }),
        _ => NAMES.holds(place),
    };
    let kinds = ["method_declaration", "class_declaration"];
    by_path.or_else(|| around(place, &kinds, is_annotated))
}

fn is_annotated(code: &Code<'_>, item: Node) -> Option<Node> {
    let mut children = code.tree.named_children(item);
    let modifiers = children.find(|child| code.kind(*child) == "modifiers")?;
    let is_of_tests = |annotation: Node| {
        let Some(name) = code.field(annotation, "name") else {
            return false;
        };
        let name = code.text(name);
        let name = name.rsplit('.').next().unwrap_or(name);
        match name {
            // With arguments they are AspectJ's.
            "Before" | "After" => code.kind(annotation) == "marker_annotation",
            "BeforeEach" | "AfterEach" | "BeforeAll" | "AfterAll" | "BeforeClass"
            | "AfterClass" | "TestFactory" | "TestTemplate" | "TestInstance" | "RunWith"
            | "ExtendWith" => true,
            _ => name.ends_with("Test") || name.ends_with("Tests"),
        }
    };
    code.tree
        .named_children(modifiers)
        .any(is_of_tests)
        .then_some(item)
}
