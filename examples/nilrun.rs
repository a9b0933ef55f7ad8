use codex::analysis::Analysis;
use codex::finding::Certainty;
use codex::language::Language;
use codex::matcher::Tree;
fn main() {
    let analysis = Analysis::named("nil-index").unwrap();
    let grammar = (Language::named("lua").unwrap().grammar)();
    let quiet = std::env::var("QUIET").is_ok();
    let (mut v, mut a, mut lines, mut slow) = (0, 0, 0, (0u128, String::new()));
    let start = std::time::Instant::now();
    for path in std::env::args().skip(1) {
        let text = std::fs::read(&path).unwrap();
        let n = text.iter().filter(|b| **b == b'\n').count();
        lines += n;
        let t = std::time::Instant::now();
        let tree = Tree::parse(&text, &grammar).unwrap();
        let hits = analysis.run(&tree);
        let e = t.elapsed().as_micros();
        if e > slow.0 {
            slow = (e, format!("{path} {n}"));
        }
        for h in hits {
            let r = tree.range(h.focus);
            let line = text[..r.start].iter().filter(|b| **b == b'\n').count() + 1;
            let viol = h.certainty == Certainty::Violation;
            if viol {
                v += 1
            } else {
                a += 1
            }
            if !quiet {
                println!(
                    "{}:{}: {} {}",
                    path,
                    line,
                    if viol { "VIOLATION" } else { "ambiguous" },
                    h.message
                );
            }
        }
    }
    eprintln!(
        "{v} violations {a} ambiguous {lines} lines {} ms; slowest {} us {}",
        start.elapsed().as_millis(),
        slow.0,
        slow.1
    );
}
