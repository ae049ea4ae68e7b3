"""The same templates with Jinja2 in CPython; prints one JSON line of templates a second."""
import json
import sys
import time

from jinja2 import Environment, StrictUndefined

data = json.load(open(sys.argv[1], encoding="utf-8"))
env = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True, cache_size=20000)
variables = data["variables"]


def measure(work, count):
    work()
    best = None
    for _ in range(3):
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        best = seconds if best is None else min(best, seconds)
    return count / best


template = env.from_string(data["config"])
rounds = data["rounds"]


def render():
    for _ in range(rounds):
        template.render(variables)


def cold():
    fresh = Environment(undefined=StrictUndefined, trim_blocks=True)
    for text in data["expressions"][:2000]:
        fresh.from_string(text).render(variables)


compiled = [env.from_string(text) for text in data["expressions"]]


def warm():
    for item in compiled:
        item.render(variables)


print(json.dumps({
    "config": measure(render, rounds),
    "expressions": measure(warm, len(compiled)),
    "compiled": measure(cold, 2000),
    "lines": template.render(variables).count("\n"),
}))
