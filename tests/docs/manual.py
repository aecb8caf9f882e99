"""Looks at the manual as it was made.

usage: manual.py complete DIRECTORY INCLUDE TENON   every feature that `tenon info` lists has a page, and every
                                                    function of tenon.h and message.h; no link of the HTML is dead
       manual.py clean DIRECTORY                    mandoc finds nothing to complain of in the man pages
"""
import json
import os
import re
import shutil
import subprocess
import sys


def features(tenon):
    said = subprocess.run([tenon, "info", "--json"], capture_output=True, text=True, check=True).stdout
    return {row["name"] for row in json.loads(said)}


def functions(include):
    found = set()
    for header in ("tenon.h", "message.h"):
        with open(os.path.join(include, "tenon", header), encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
        found |= set(re.findall(r"TN_EXPORT[^;()]*?\b(tn_\w+)\(", text))
    return found


def dead_links(html):
    places = {}
    for name in os.listdir(html):
        if name.endswith(".html"):
            with open(os.path.join(html, name), encoding="utf-8") as file:
                places[name] = file.read()
    for name, text in sorted(places.items()):
        for file, anchor in re.findall(r'<a href="([^"#:]*)#?([^":]*)"', text):
            target = places.get(file or name)
            if target is None or (anchor and f'id="{anchor}"' not in target):
                yield f"{name}: the link to {file}#{anchor} is dead"
        if name != "index.html" and f'"{name}"' not in places["index.html"]:
            yield f"{name} is not in the index"


def complete(directory, include, tenon):
    named, wanted = features(tenon), functions(include)
    problems = [f"{name} has no page tenon_{name}(7)" for name in sorted(named)
                if not os.path.exists(f"{directory}/man/man7/tenon_{name}.7")]
    problems += [f"{name}() has no page" for name in sorted(wanted)
                 if not os.path.exists(f"{directory}/man/man3/{name}.3")]
    problems += dead_links(f"{directory}/html")
    if len(named) < 5 or len(wanted) < 50:
        problems.append("hardly anything was looked for")
    return problems, f"{len(named)} features, {len(wanted)} functions"


def clean(directory):
    if not shutil.which("mandoc"):
        print("skipped: apt-get install mandoc")
        sys.exit(77)
    pages = [os.path.join(folder, name) for folder, _, names in os.walk(f"{directory}/man") for name in names]
    said = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages], capture_output=True, text=True, check=False)
    return (said.stdout + said.stderr).splitlines() + ([] if pages else ["no page"]), f"{len(pages)} pages"


problems, what = complete(*sys.argv[2:]) if sys.argv[1] == "complete" else clean(*sys.argv[2:])
for problem in problems:
    print(problem)
print(f"{what}, {len(problems)} problems")
sys.exit(1 if problems else 0)
