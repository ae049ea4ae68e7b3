"""Records what the real community.docker modules answer: python3 record.py (as root, with Docker)."""
import json, os, re, subprocess, tempfile

here = os.path.dirname(os.path.abspath(__file__))
with tempfile.TemporaryDirectory() as scratch:
    text = open(f"{here}/cases.yml").read().replace("{{ d }}", scratch).replace("{{ here }}", here)
    text = re.sub(r"^  (docker_\w+):", r"  community.docker.\1:", text, flags=re.M)
    tasks = "".join(f"    {line}\n" for line in text.splitlines())
    playbook = f"{scratch}/play.yml"
    open(playbook, "w").write(
        f"- hosts: localhost\n  gather_facts: false\n  ignore_errors: true\n  tasks:\n{tasks}"
    )
    env = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_LOCALHOST_WARNING": "0"}
    out = subprocess.run(["ansible-playbook", playbook], capture_output=True, text=True, env=env).stdout
    plays = json.loads(out[out.index("{") :])["plays"]
    with open(f"{here}/golden.jsonl", "w") as golden:
        for task in plays[0]["tasks"]:
            result = task["hosts"]["localhost"]
            for key in list(result):
                if key.startswith("_ansible") or key in ("invocation", "action", "ansible_facts"):
                    del result[key]
            line = json.dumps({"name": task["task"]["name"], "result": result}, sort_keys=True)
            golden.write(line.replace(scratch, "{{ d }}").replace(here, "{{ here }}") + "\n")
