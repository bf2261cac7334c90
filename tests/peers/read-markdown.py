"""Says which `/explain WORD` lines of Markdown comments are visible, as cmark-gfm and an HTML5 parser see them.

Reads one JSON string a line from standard input; answers with one line of JSON each: `plain`, the words of the lines that
are plain text of a paragraph of the page itself; `visible`, the words of those in a paragraph or list item of the page,
emphasis, links and HTML without a meaning of its own allowed; `shown`, the words of all that are neither quoted, code,
struck out, folded away nor otherwise hidden.
"""

import json
import multiprocessing
import sys

import cmarkgfm
import html5lib
from cmarkgfm.cmark import Options

EXTENSIONS = ["table", "strikethrough", "autolink", "tagfilter", "tasklist"]
OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
# What GitHub's page quotes, folds away, strikes out, or shows as code or not at all.
HIDING = {
    "blockquote", "code", "del", "details", "kbd", "pre", "q", "s", "samp", "script", "section", "strike", "style",
    "summary", "table", "template", "textarea", "title", "tt",
}
LISTS = {"li", "ol", "ul"}
# Elements that begin and end a line.
BLOCKS = {
    "address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "li", "main", "menu", "nav", "ol", "p", "pre", "search", "section", "summary", "table", "td", "th", "tr", "ul",
}  # fmt: skip


class Page:
    """The lines of a page, each with the elements around its first word."""

    def __init__(self):
        self.lines = []
        self.text, self.around = "", None

    def end_line(self):
        words = self.text.split()
        if len(words) > 1 and words[0] == "/explain":
            self.lines.append((words[1], self.around))
        self.text, self.around = "", None

    def add(self, text, around):
        for number, part in enumerate((text or "").split("\n")):
            if number > 0:
                self.end_line()
            if part.strip() and len(self.text.split()) < 2:
                # Where the first words are in different elements, all of these.
                self.around = around if self.around in (None, around) else (*self.around, "and", *around)
            self.text += part

    def walk(self, element, around):
        for child in element:
            if isinstance(child.tag, str):
                name = child.tag
                breaks = name in BLOCKS or name == "br"
                if breaks:
                    self.end_line()
                inside = around + (name,) + (("hidden",) if "hidden" in child.attrib else ())
                self.add(child.text, inside)
                self.walk(child, inside)
                if breaks:
                    self.end_line()
            self.add(child.tail, around)


def read(line):
    html = cmarkgfm.markdown_to_html_with_extensions(json.loads(line), options=OPTIONS, extensions=EXTENSIONS)
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    page = Page()
    page.add(fragment.text, ())
    page.walk(fragment, ())
    page.end_line()
    shown = [(word, around) for word, around in page.lines if not HIDING.union({"hidden"}).intersection(around)]

    def is_visible(around):
        parts, holder = list(around), None
        while parts and parts[0] in LISTS:
            holder = parts.pop(0)
        if parts and parts[0] == "p":
            holder = parts.pop(0)
        return holder in {"li", "p"} and not BLOCKS.intersection(parts)

    return json.dumps({
        "plain": [word for word, around in shown if around == ("p",)],
        "visible": [word for word, around in shown if is_visible(around)],
        "shown": [word for word, _ in shown],
    })


if __name__ == "__main__":
    with multiprocessing.Pool() as pool:
        for answer in pool.imap(read, sys.stdin, chunksize=200):
            print(answer)
