//! Random comments that mix commands with everything that hides, quotes or changes text. The same for the same seed.

use std::fmt::Write as _;

/// The elements that HTML5 or GitHub treats specially, and some that nobody does.
const ELEMENTS: &str = "a abbr address applet area article aside b base basefont bgsound bdo big blockquote body br \
    button caption center cite code col colgroup dd del details dfn dialog dir div dl dt em embed fieldset figcaption \
    figure font footer form frame frameset h1 h2 h3 h6 head header hgroup hr html i iframe image img input ins isindex \
    kbd keygen label legend li link listing main map mark marquee math menu meta nav nil nobr noembed noframes noscript \
    object ol optgroup option p param picture plaintext pre q rb rp rt rtc ruby s samp script search section select \
    small source span strike string strong style sub summary sup svg table tbody td template textarea tfoot th thead \
    time title tr track tt u ul var wbr x-y xmp";

/// Those that people write, and those that hide.
const USUAL: &str = "blockquote code del details pre p div b i em a sub br summary table td tr li ul s span nil h1 \
    kbd template center hr img strike";

const ATTRIBUTES: [&str; 14] = [
    "",
    "",
    "",
    "",
    "",
    "",
    " title=\"x\"",
    " title=\"</details>\"",
    " title='>'",
    " hidden",
    " a=b/",
    " open",
    " class=\"\n\"",
    " title=\"",
];

/// Pieces without an element's name.
const PIECES: [&str; 58] = [
    "text",
    "more text",
    "a < b",
    "<",
    "`",
    "``",
    "`code`",
    "`a",
    "b`",
    "*",
    "**",
    "*em*",
    "**a",
    "b**",
    "~~",
    "~",
    "~~old",
    "gone~~",
    "[",
    "](x)",
    "[a](x)",
    "[a",
    "![a](x)",
    "![",
    "[a]: /x",
    "[a]:",
    "[^1]",
    "[^1]: note",
    "[^2]:",
    "<!--",
    "-->",
    "<!-- x -->",
    "<!-->",
    "<!--->",
    "--!>",
    "<!-- --!>",
    "<!x",
    "<!X y>",
    "<?x",
    "?>",
    "<![CDATA[",
    "]]>",
    "</>",
    "</",
    "| a | b |",
    "|",
    "| --- | --- |",
    "--- | ---",
    ":-:",
    "$",
    "$x$",
    "&lt;div&gt;",
    "\\",
    "\\<div>",
    "<https://a.b>",
    "<div",
    "<a b='",
    "\">",
];

/// Lines that mean something as a whole.
const WHOLE: [&str; 16] = [
    "```",
    "~~~",
    "````",
    "---",
    "===",
    "***",
    "# title",
    "$$",
    "> [!NOTE]",
    "    code",
    "<!--",
    "-->",
    "```text",
    "- [ ] task",
    "|a|",
    "|-|",
];

const PREFIXES: [&str; 16] = [
    "> ", ">", "> > ", "- ", "* ", "1. ", "2) ", "  ", "    ", "\t", "- - ", "> - ", "- > ", " ", "   ",
    "      ",
];

/// What may be around a command on its line.
const AROUND: [(&str, &str); 22] = [
    ("**", "**"),
    ("*", "*"),
    ("~~", "~~"),
    ("`", "`"),
    ("<b>", "</b>"),
    ("<code>", "</code>"),
    ("[", "](x)"),
    ("![", "](x)"),
    ("\\", ""),
    ("# ", ""),
    ("| ", " |"),
    ("<!-- ", " -->"),
    ("<div>", "</div>"),
    ("<br>", ""),
    ("[^1]: ", ""),
    ("[x]: ", ""),
    ("<span>", ""),
    ("$", "$"),
    ("\u{a0}", ""),
    ("[ ] ", ""),
    ("", " <!-- x"),
    ("", " `x"),
];

/// A source of random comments.
pub struct Comments {
    state: u64,
    next_word: usize,
}

impl Comments {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, next_word: 0 }
    }

    /// SplitMix64.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn element(&mut self) -> &'static str {
        let names = if self.one_in(3) { ELEMENTS } else { USUAL };
        let names: Vec<&'static str> = names.split_whitespace().collect();
        self.pick(&names)
    }

    pub fn next(&mut self) -> String {
        let mut body = String::new();
        // Elements to be closed later, so that many comments are well formed.
        let mut open: Vec<&'static str> = Vec::new();
        let lines = 2 + self.below(9);
        let command = self.below(lines);
        for line in 0..lines {
            if self.one_in(8) {
                body.push_str(self.pick(&PREFIXES));
            }
            if line == command || self.one_in(20) {
                self.command(&mut body);
            } else {
                match self.below(10) {
                    0..=2 => {}
                    3 => body.push_str(self.pick(&WHOLE)),
                    4 | 5 if !open.is_empty() => write!(body, "</{}>", open.pop().unwrap()).unwrap(),
                    4..=6 => {
                        let name = self.element();
                        write!(body, "<{name}{}>", self.pick(&ATTRIBUTES)).unwrap();
                        open.push(name);
                    }
                    _ => self.pieces(&mut body),
                }
            }
            body.push_str(if self.one_in(40) { "\r\n" } else { "\n" });
            if self.one_in(4) {
                body.push('\n');
            }
        }
        body
    }

    fn command(&mut self, body: &mut String) {
        let (before, after) = if self.one_in(6) { self.pick(&AROUND) } else { ("", "") };
        self.next_word += 1;
        write!(body, "{before}/explain k{}{after}", self.next_word).unwrap();
    }

    fn pieces(&mut self, body: &mut String) {
        for _ in 0..=self.below(3) {
            match self.below(8) {
                0 => {
                    let (name, attribute) = (self.element(), self.pick(&ATTRIBUTES));
                    write!(body, "<{name}{attribute}>").unwrap();
                }
                1 => {
                    let name = self.element();
                    write!(body, "</{name}>").unwrap();
                }
                2 => {
                    let name = self.element();
                    write!(body, "<{name}>x</{name}>").unwrap();
                }
                _ => body.push_str(self.pick(&PIECES)),
            }
            if self.one_in(2) {
                body.push(' ');
            }
        }
    }
}
