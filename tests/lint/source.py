"""What the lint checks share: the list of files, C text without comments, functions, findings.

The C reader is a lexer, not a compiler: it blanks comments, strings and directives in place, so
that every offset and line number stays true, and finds function bodies by their braces.
"""

import bisect
import os
import re
import subprocess
import sys

SKIP_DIRS = {".git", "build", ".venv", "venv", "__pycache__", "node_modules"}
CHECK_MACROS = {"START_TEST", "END_TEST"}


class Report:
    """Prints findings as they come and ends the program with the right status."""

    def __init__(self):
        self.findings = 0

    def add(self, path, line, what):
        print(f"{path}:{line}: {what}")
        self.findings += 1

    def end(self, summary):
        print(f"# {summary}")
        sys.exit(1 if self.findings else 0)


def root():
    """The tree to check: the first argument, or the folder two above this file."""
    here = os.path.dirname(os.path.abspath(__file__))
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "..")
    os.chdir(top)
    return os.getcwd()


def files():
    """Sorted paths of the tree: git's view (tracked or new, not ignored), else a plain walk."""
    if os.path.exists(".git"):
        out = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if out.returncode == 0:
            names = {os.fsdecode(n) for n in out.stdout.split(b"\0") if n}
            return sorted(n for n in names if os.path.isfile(n) and not os.path.islink(n))
    found = []
    for folder, dirs, names in os.walk("."):
        dirs[:] = [d for d in dirs if d not in SKIP_DIRS]
        for name in names:
            path = os.path.normpath(os.path.join(folder, name))
            if not os.path.islink(path):
                found.append(path)
    return sorted(found)


def c_files(*tops):
    """The .c and .h files below the folders given."""
    return [f for f in files() if f.endswith((".c", ".h")) and f.split("/")[0] in tops]


def read(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as f:
        return f.read()


def shebang(path):
    """The interpreter's name in the first line ("bash"), or "" when there is none."""
    with open(path, "rb") as f:
        first = f.readline(200)
    if not first.startswith(b"#!"):
        return ""
    words = [w for w in first[2:].decode("utf-8", "replace").split() if not w.startswith("-")]
    if words and words[0].endswith("/env"):
        words = words[1:]
    return os.path.basename(words[0]) if words else ""


def words_list(path):
    """(line number, text) of a list file's lines, without those that start with '#'."""
    rows = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            text = line.strip()
            if text and text[0] != "#":
                rows.append((number, text))
    return rows


LEXEMES = re.compile(
    r"/\*.*?\*/|//(?:\\\r?\n|[^\n])*"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


class Source:
    """One C file: text as it is, code without comments and string contents, comment lines."""

    def __init__(self, path):
        self.path = path
        self.text = read(path)
        self.comment_lines = set()
        self.starts = [0] + [m.end() for m in re.finditer("\n", self.text)]
        self.code = LEXEMES.sub(self._lexeme, self.text)

    def _lexeme(self, match):
        text = match.group()
        if text[0] != "/":
            return text[0] + blank(text[1:-1]) + text[-1]
        first = self.line(match.start())
        for i, part in enumerate(text.split("\n")):
            if part.strip():
                self.comment_lines.add(first + i)
        return blank(text)

    def line(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def lines(self):
        return self.text.split("\n")[:-1] if self.text.endswith("\n") else self.text.split("\n")

    def includes(self):
        """(line, text) of each #include: '"base/err.h"' or '<stdio.h>'."""
        for match in re.finditer(r"^[ \t]*#[ \t]*include[ \t]*([<\"][^>\"\n]*[>\"])", self.text,
                                 re.M):
            if self.code[match.start(0):match.end(0)].strip():
                yield self.line(match.start(1)), match.group(1)

    def functions(self):
        return list(_functions(self))


DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\r?\n|[^\n])*", re.M)


def _without_directives(code):
    """Blanks directives. Of an #if with branches that open or close braces, the first stays."""
    out = list(code)
    stack = []
    for match in DIRECTIVE.finditer(code):
        out[match.start():match.end()] = blank(match.group())
        word = re.match(r"\s*#\s*(\w*)", match.group()).group(1)
        if word in ("if", "ifdef", "ifndef"):
            stack.append([(match.end(), None)])
        elif word in ("else", "elif", "endif") and stack:
            branches = stack[-1]
            branches[-1] = (branches[-1][0], match.start())
            if word == "endif":
                _drop_unbalanced(code, out, stack.pop())
            else:
                branches.append((match.end(), None))
    return "".join(out)


def _drop_unbalanced(code, out, branches):
    if all(code.count("{", a, b) == code.count("}", a, b) for a, b in branches):
        return
    for a, b in branches[1:]:
        out[a:b] = blank(code[a:b])


class Function:
    """A function's definition: name, first and last line, parameters, complexity, body."""

    def __init__(self, source, head, start, body):
        self.path = source.path
        self.name, self.params = _signature(head)
        self.first = source.line(start)
        self.last = source.line(body[1] - 1)
        self.length = self.last - self.first + 1
        self.start = body[0]
        self.body = body[2]
        self.complexity = 1 + len(re.findall(r"\b(?:if|for|while|case)\b|&&|\|\||\?", self.body))


def _signature(head):
    """Name and number of parameters from the text before the body."""
    close = head.rindex(")")
    depth = 0
    for i in range(close, -1, -1):
        depth += {")": 1, "(": -1}.get(head[i], 0)
        if depth == 0:
            break
    inside = head[i + 1:close].strip()
    name = re.search(r"(\w+)\s*$", head[:i])
    name = name.group(1) if name else "?"
    if name == "START_TEST":
        return inside, 0
    if inside in ("", "void"):
        return name, 0
    flat = inside
    while re.search(r"\([^()]*\)", flat):
        flat = re.sub(r"\([^()]*\)", "", flat)
    return name, len([p for p in flat.split(",") if p.strip() != "..."])


ATTRIBUTE = re.compile(r"(?:__attribute__|__declspec)\s*\(")


def _strip_attributes(head):
    """Blanks __attribute__((...)) so that the last parenthesis is the parameter list's."""
    while True:
        match = ATTRIBUTE.search(head)
        if not match:
            return head
        depth, i = 1, match.end()
        while depth and i < len(head):
            depth += {"(": 1, ")": -1}.get(head[i], 0)
            i += 1
        head = head[:match.start()] + blank(head[match.start():i]) + head[i:]


def _is_function(head):
    if not head.rstrip().endswith(")"):
        return False
    flat = head
    while re.search(r"\([^()]*\)", flat):
        flat = re.sub(r"\([^()]*\)", "", flat)
    return "=" not in flat and "(" not in flat


def _functions(source):
    code = _without_directives(source.code)
    for macro in CHECK_MACROS - {"START_TEST"}:
        code = re.sub(rf"\b{macro}\b", lambda m: blank(m.group()), code)
    depth, start, open_at, head = 0, 0, None, ""
    for match in re.finditer(r"[{};]", code):
        mark, at = match.group(), match.start()
        if mark == "{":
            if depth == 0:
                head = _strip_attributes(code[start:at])
                open_at = at if _is_function(head) else None
            depth += 1
        elif mark == "}":
            depth = max(depth - 1, 0)
            if depth == 0 and open_at is not None:
                first = start + len(head) - len(head.lstrip())
                yield Function(source, head, first, (open_at, at + 1, code[open_at:at + 1]))
                start, open_at = at + 1, None
        elif depth == 0:
            start = at + 1
