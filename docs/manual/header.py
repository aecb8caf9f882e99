"""What a public header says, by the sections that its ruled comments make.

A section is a list of entries: a comment and the declarations that it stands above."""

import re
from dataclasses import dataclass, field

RULE = re.compile(r"^/\* -{8,} (.+?) \*/$")
FUNCTION = re.compile(r"\b(tn_\w+)\s*\((?!\*)")


@dataclass
class Entry:
    text: str
    declarations: list = field(default_factory=list)

    @property
    def functions(self):
        return [FUNCTION.search(each).group(1) for each in self.declarations
                if each.startswith("TN_EXPORT")]


def read(path):
    """{section: [Entry]}; what stands before the first rule is section ""."""
    sections, name, entry = {"": []}, "", None
    with open(path, encoding="utf-8") as header:
        lines = iter(header.read().splitlines())
    for line in lines:
        if RULE.match(line):
            name, entry = RULE.match(line).group(1), None
            sections[name] = []
        elif line.startswith("/*"):
            comment = [line]
            while "*/" not in comment[-1]:
                comment.append(next(lines))
            entry = Entry(plain(comment))
            sections[name].append(entry)
        elif not line.strip():
            entry = None
        elif re.match(r"(TN_EXPORT|typedef|enum|struct) ", line) or line.startswith("#define TN_"):
            if entry is None:
                entry = Entry("")
                sections[name].append(entry)
            entry.declarations.append(declaration(line, lines))
    return sections


def declaration(line, lines):
    """The whole declaration that begins with `line`."""
    whole = [line]
    if line.startswith("#define"):
        while whole[-1].endswith("\\"):
            whole.append(next(lines))
        return "\n".join(whole)
    while not (re.search(r";\s*(/\*.*)?$", whole[-1])
               and "".join(whole).count("{") == "".join(whole).count("}")):
        whole.append(next(lines))
    return "\n".join(whole)


def plain(comment):
    """A comment's text without its stars."""
    lines = [re.sub(r"^\s*(/\*+|\*+(?!/))? ?", "", line) for line in comment]
    return re.sub(r"\s*\*/\s*$", "", "\n".join(lines)).strip("\n")
