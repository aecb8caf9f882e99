#!/usr/bin/env python3
"""Makes the manual: man pages and HTML, both from the pages of this folder.

Usage: generate.py --version TEXT --man DIRECTORY --html DIRECTORY

A page is NAME.SECTION.md, a guide NAME.md. Its first line is its title, `NAME(SECTION) - what it is`; the
rest is Markdown, of which lowdown makes the two forms, and lines that bring in what is written elsewhere:

  @functions HEADER SECTION   synopsis and description of the functions of a section of include/tenon/HEADER
  @options SECTION            the table of docs/options.md under that heading
  @cases KIND                 the cases of the conformance kit for transports, patterns or mechanisms
  @include FILE               a source file of the repository
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import header  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SECTIONS = {"guide": "Guides", "1": "Commands", "3": "Functions", "5": "Files", "7": "Modules and concepts"}
REFERENCE = re.compile(r"(?<![\w`(\[])([a-z][\w.-]*)\(([1357])\)")
DATE = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
# What lowdown writes around titles and definitions, and what a man page has there.
TIDY = [
    (re.compile(r"^\.(S[HS])\n(?=\S)", re.M), r".\1 "),
    (re.compile(r'^\.[LP]P\n(.+)\n\.if n \\\n\.sp -1v\n\.if t \\\n\.sp -0\.25v\n\.IP "" \d+n$', re.M), r".TP\n\1"),
    (re.compile(r"(^\.S[HS] .*\n)(?:\.[LP]P\n)+", re.M), r"\1"),
    (re.compile(r"(?:^\.[LP]P\n)+(?=\.(?:S[HS]|TP|IP|[LP]P)\b|\Z)", re.M), ""),
]
CALL = re.compile(r"(?<![\w`/\[])(tn_\w+)\(\)")


class Page:
    def __init__(self, path):
        self.stem = os.path.basename(path)[:-len(".md")]
        name, _, section = self.stem.rpartition(".")
        self.is_guide = not (name and section in SECTIONS)
        self.name, self.section = (self.stem, "guide") if self.is_guide else (name, section)
        with open(path, encoding="utf-8") as page:
            first, _, rest = page.read().partition("\n")
        self.title = first.removeprefix("# ")
        if not self.is_guide and not first.startswith(f"# {name}({section}) - "):
            sys.exit(f"{path}:1: the title must be `# {name}({section}) - what it is`, not: {first}")
        self.functions = []
        self.text = "\n".join(self.expand(line) for line in rest.splitlines())

    @property
    def summary(self):
        return self.title.partition(" - ")[2]

    def expand(self, line):
        if line.startswith("@functions "):
            return self.expand_functions(*line.split(maxsplit=2)[1:])
        if line.startswith("@options "):
            return options(line.split(maxsplit=1)[1])
        if line.startswith("@cases "):
            return cases(line.split(maxsplit=1)[1])
        if line.startswith("@include "):
            path = line.split(maxsplit=1)[1]
            with open(os.path.join(TOP, path), encoding="utf-8") as source:
                return f"```{os.path.splitext(path)[1][1:]}\n{source.read()}```"
        return line

    def expand_functions(self, file, section):
        entries = header.read(os.path.join(TOP, "include/tenon", file))[section]
        synopsis, described, types = [f"#include <tenon/{file}>", ""], [], []
        for entry in entries:
            self.functions += entry.functions
            prototypes = [each.removeprefix("TN_EXPORT ") for each in entry.declarations
                          if each.startswith("TN_EXPORT")]
            synopsis += prototypes
            if prototypes:
                names = ", ".join(f"{name}()" for name in entry.functions)
                described.append(f"## {names}\n\n{prose(entry.text)}")
            else:
                types.append(f"{prose(entry.text)}\n\n"
                             f"```declaration\n{chr(10).join(entry.declarations)}\n```")
        text = ["# SYNOPSIS", "\n".join(["```declaration", *synopsis, "```"]), "# DESCRIPTION", *described]
        return "\n\n".join(text + (["# TYPES", *types] if types else []))


def prose(text):
    """A comment as Markdown: its lists of quoted names are lists of definitions."""
    out = []
    for line in text.split("\n"):
        item = re.match(r'\s{2,}("[^"]+")(?:\s{2,}(.*)|(, and))$', line)
        if item:
            out.append(f"\n`{item.group(1)}`\n: {escape(item.group(2) or 'and the next:')}")
        elif line.startswith("- "):
            out.append(escape(line))
        else:
            out.append(escape(line.strip()))
    return "\n".join(out)


def escape(text):
    parts = re.split(r"(`[^`]*`)", text)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"(?<![\w`])(-(?:TN_)?E[A-Z]+\d*)\b|([*<>\[\]])",
                          lambda found: f"`{found[1]}`" if found[1] else f"\\{found[2]}", parts[i])
    return "".join(parts)


def options(title):
    """A table of docs/options.md as a list of definitions."""
    with open(os.path.join(TOP, "docs/options.md"), encoding="utf-8") as page:
        found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page.read(), re.M | re.S)
    if not found:
        sys.exit(f"docs/options.md has no section \"{title}\"")
    out = []
    for row in re.findall(r"^\| (`.*) \|$", found.group(1), re.M):
        name, kind, values, default, unit, text = [cell.strip() for cell in row.split(" | ")]
        facts = ", ".join(filter(None, [kind, values, unit, f"default {default}" if default else ""]))
        out.append(f"{name} ({facts})\n: {escape(text)}\n")
    return "\n".join(out)


def cases(kind):
    """The table of a suite of tools/conform as a list of definitions."""
    with open(os.path.join(TOP, f"tools/conform/{kind}.c"), encoding="utf-8") as source:
        table = source.read().partition("cases[] = {")[2].partition("\n};")[0]
    text = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    rows = re.findall(r'\{"(\w+)",\s*' + text + r",\s*" + text + ",", table)
    if not rows:
        sys.exit(f"tools/conform/{kind}.c has no table of cases")
    joined = [[re.sub(r'"\s*"', "", cell).strip().strip('"') for cell in row] for row in rows]
    return "\n".join(f"`{name}`\n: {escape(expects)}: {escape(why)}\n" for name, expects, why in joined)


def lowdown(form, page, text, version):
    meta = {"title": page.title if form == "html" else page.name, "section": page.section,
            "source": f"Tenon {version}", "date": DATE, "volume": "Tenon's manual", "css": "style.css"}
    command = ["lowdown", "-s", f"-t{form}", "--out-no-smarty", "--nroff-nolinks", "--parse-no-metadata",
               "--parse-no-intraemph"]
    for key, value in meta.items():
        command += ["-M", f"{key}={value}"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"lowdown: {page.stem}: {done.stderr}")
    return done.stdout


def outside_code(text, change):
    """Applies `change` to what is not in a fenced block."""
    parts = re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)
    return "".join(part if i % 2 else change(part) for i, part in enumerate(parts))


def man(page, directory, version):
    names = ", ".join(page.functions or [page.name])
    text = outside_code(f"# NAME\n\n{names} - {page.summary}\n\n{page.text}",
                        lambda part: REFERENCE.sub(r"**\1**(\2)", part))
    folder = os.path.join(directory, f"man{page.section}")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, page.stem), "w", encoding="utf-8") as out:
        # Bold is what man pages have for what is typed; not every reader knows the constant width.
        made = lowdown("man", page, text, version).replace(r"\fC", r"\fB")
        for pattern, replacement in TIDY:
            made = pattern.sub(replacement, made)
        out.write(made)
    for name in set(page.functions) - {page.name}:
        os.symlink(page.stem, os.path.join(folder, f"{name}.{page.section}"))


def web(page, pages, directory, version):
    places = {each.stem: each.stem for each in pages}
    for each in pages:
        places.update({f"{name}.{each.section}": each.stem for name in each.functions})
    calls = {name: f"{each.stem}.html#{name}" for each in pages for name in each.functions}

    def to_call(found):
        return f"[{found[0]}]({calls[found[1]]})" if found[1] in calls else found[0]

    def link(part):
        part = REFERENCE.sub(lambda m: f"[{m[0]}]({places[m[1] + '.' + m[2]]}.html)"
                             if f"{m[1]}.{m[2]}" in places else m[0], part)
        return "\n".join(line if line.startswith("#") else CALL.sub(to_call, line)
                         for line in part.split("\n"))

    text = f"[Tenon's manual](index.html)\n\n# {page.title}\n\n" + outside_code(page.text, link)
    made = lowdown("html", page, text, version)
    for name in page.functions:
        made = re.sub(rf"(<h2[^>]*>[^\n]*?)(\b{name}\(\))", rf'\1<span id="{name}">\2</span>', made)
    with open(os.path.join(directory, f"{page.stem}.html"), "w", encoding="utf-8") as out:
        out.write(made)


def index(pages, directory, version):
    out = [f"# Tenon {version}: the manual"]
    for section, title in SECTIONS.items():
        chosen = [page for page in pages if page.section == section]
        if chosen:
            out += [f"\n## {title}\n"]
            out += [f"- [{page.title if page.is_guide else page.name}]({page.stem}.html)"
                    + ("" if page.is_guide else f": {page.summary}") for page in chosen]
    page = Page.__new__(Page)
    page.stem, page.name, page.section, page.title = "index", "index", "guide", "Tenon's manual"
    with open(os.path.join(directory, "index.html"), "w", encoding="utf-8") as file:
        file.write(lowdown("html", page, "\n".join(out), version))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--man", required=True)
    parser.add_argument("--html", required=True)
    args = parser.parse_args()
    pages = [Page(os.path.join(HERE, name)) for name in sorted(os.listdir(HERE)) if name.endswith(".md")]
    for directory in (args.man, args.html):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
    for page in pages:
        web(page, pages, args.html, args.version)
        if not page.is_guide:
            man(page, args.man, args.version)
    index(pages, args.html, args.version)
    shutil.copy(os.path.join(HERE, "style.css"), args.html)
    print(f"{len(pages)} pages")


if __name__ == "__main__":
    main()
