"""A stdout callback for ansible-playbook: each result, and the state of a directory after it.

Environment: RECORD_OUT (file that gets one JSON line a task), RECORD_SCRATCH (the directory).
"""
import hashlib
import json
import os
import stat

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorded
type: stdout
short_description: results and the state after them, as JSON lines
description: results and the state after them, as JSON lines
"""


def tree(root):
    rows = []
    for folder, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            mode = "%04o" % stat.S_IMODE(info.st_mode)
            row = [os.path.relpath(path, root), mode]
            if stat.S_ISLNK(info.st_mode):
                row += ["link", os.readlink(path)]
            elif stat.S_ISDIR(info.st_mode):
                row += ["directory", ""]
            else:
                with open(path, "rb") as handle:
                    row += ["file", hashlib.sha1(handle.read()).hexdigest()]
            rows.append(row)
    return sorted(rows)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "recorded"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.out = open(os.environ["RECORD_OUT"], "w")

    def _write(self, result, **more):
        kept = {k: v for k, v in result._result.items() if not k.startswith("_ansible") and k != "invocation"}
        kept.update(more)
        row = {"name": result._task.get_name(), "result": kept, "tree": tree(os.environ["RECORD_SCRATCH"])}
        self.out.write(json.dumps(row, default=str) + "\n")
        self.out.flush()

    def v2_runner_on_ok(self, result):
        self._write(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write(result, failed=True)

    def v2_runner_on_skipped(self, result):
        self._write(result, skipped=True)
