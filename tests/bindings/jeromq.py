"""JeroMQ, Debian's libjeromq-java, as the peer of both libraries over tcp: every pair of patterns, each
side binding and connecting. Usage: jeromq.py DIRECTORY"""

import os
import subprocess
import sys
import tempfile

import both

JAR = "/usr/share/java/jeromq.jar"
LIMIT = 280

directory = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
both.need_programs("java", "javac")
both.need_files(JAR)
both.need("python3-zmq", subprocess.run([sys.executable, "-c", "import zmq"]).returncode == 0)
both.check_library([sys.executable, "-c", "import zmq; print(open('/proc/self/maps').read())"],
                   directory)
outcomes = {}
with tempfile.TemporaryDirectory(prefix="tenon-") as classes:
    subprocess.run(["javac", "-d", classes, "-cp", JAR, f"{here}/JeroPeer.java"], check=True)
    java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-cp", f"{JAR}:{classes}", "JeroPeer"]
    for library in (both.BASELINE, both.OURS):
        result = both.run([sys.executable, f"{here}/jeromq_side.py", *java], library, directory, LIMIT)
        lines = [line.split("\t") for line in result.text.splitlines()]
        outcomes[library] = {line[1]: both.Result(line[0], " ".join(line[2:]))
                             for line in lines if line[0] in ("pass", "fail") and len(line) > 1}
        if result.outcome != "pass":
            print(f"on {library}: {result.outcome}\n{result.text}")
            outcomes[library]["the run"] = result
sys.exit(1 if both.compare(outcomes, {}) or len(outcomes[both.BASELINE]) < 40 else 0)
