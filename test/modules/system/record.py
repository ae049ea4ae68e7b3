#!/usr/bin/env python3
"""Records what ansible-core makes of cases.json in a fresh Debian container: golden.json.

Usage: record.py IMAGE    (a Debian 12 image; Docker and the Debian mirror are needed)
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
SETUP = (HERE / "setup.sh").read_text()


def main():
    name = "golden-recorder"
    docker = lambda *args, **more: subprocess.run(["docker", *args], check=True, **more)
    docker("run", "-d", "--rm", "--init", "--name", name, sys.argv[1], "sleep", "3600", stdout=subprocess.DEVNULL)
    try:
        docker("exec", name, "sh", "-c", SETUP + "\napt-get install -y --no-install-recommends ansible-core python3-apt >&2")
        goldens = []
        for case in json.loads((HERE / "cases.json").read_text()):
            command = ["docker", "exec", "-e", "ANSIBLE_LOCALHOST_WARNING=false", name, "ansible", "localhost", "-o",
                       "-m", case["module"]]
            if case["args"]:
                command += ["-a", json.dumps(case["args"])]
            if case.get("check"):
                command.append("--check")
            said = subprocess.run(command, capture_output=True, text=True).stdout
            result = json.loads(said.split(" => ", 1)[1])
            for volatile in ("stdout_lines", "stderr_lines", "cache_update_time", "ansible_facts"):
                if volatile != "ansible_facts" or case["module"] != "getent":
                    result.pop(volatile, None)
            if case["module"] in ("apt",):
                for long in ("stdout", "stderr"):
                    result.pop(long, None)
            goldens.append({**case, "result": result})
            print(case["module"], case["args"], result.get("changed"), file=sys.stderr)
        (HERE / "golden.json").write_text(json.dumps(goldens, indent=1) + "\n")
    finally:
        docker("rm", "-f", name, stdout=subprocess.DEVNULL)


main()
