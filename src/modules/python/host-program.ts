/**
 * The Python program of a plugin host: it imports the ansible-core that is installed on the
 * controller and answers requests, one JSON document a line, on descriptors 3 (in) and 4 (out).
 * While it works on one it may ask back; the answer is the next line that it reads.
 *
 *     -> {"op": "filter", "name": "x", "value": ...}
 *     <- {"ask": "variable", "name": "y"}      -> {"value": ...} or {"error": "..."}
 *     <- {"done": ...} or {"failed": {"type": ..., "message": ...}}
 *
 * Values cross as wire.ts describes. Nothing of ansible-core is in this text: its documented plugin
 * loaders are called.
 */
import { ACTION_PROGRAM } from "./host-program-actions.ts";

const VALUES = String.raw`
import base64, collections.abc, datetime, json, os, sys, traceback

inbox = os.fdopen(3, "r", encoding="utf-8", errors="surrogatepass", newline="\n")
outbox = os.fdopen(4, "w", encoding="utf-8", errors="surrogatepass", newline="\n")
# What plugins print must not be lost, nor be taken for an answer.
sys.stdout = sys.stderr

class Missing(Exception):
    pass

def send(message):
    outbox.write(json.dumps(message) + "\n")
    outbox.flush()

def receive():
    line = inbox.readline()
    if line == "":
        sys.exit(0)
    return json.loads(line)

def ask(kind, **fields):
    fields["ask"] = kind
    send(fields)
    answer = receive()
    if "error" in answer:
        raise AnsibleError(answer["error"])
    return answer.get("value")

def encode(value, depth=0):
    if value is None or value is True or value is False:
        return value
    if depth > 200:
        raise ValueError("the value is nested too deeply, or holds itself")
    deeper = depth + 1
    if isinstance(value, Undefined):
        return {"!": "undefined", "v": value._undefined_message or "", "name": str(value._undefined_name or "")}
    if isinstance(value, str):
        text = str.__str__(value)
        if hasattr(value, "__UNSAFE__"):
            return {"!": "unsafe", "v": text}
        if isinstance(value, Markup):
            return {"!": "markup", "v": text}
        return text
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        number = int(value)
        return number if -(2**53) < number < 2**53 else {"!": "int", "v": str(number)}
    if isinstance(value, float):
        return {"!": "float", "v": repr(float(value))}
    if isinstance(value, (bytes, bytearray)):
        return {"!": "bytes", "v": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime.datetime):
        return {"!": "datetime", "v": value.isoformat(sep=" ")}
    if isinstance(value, datetime.date):
        return {"!": "date", "v": value.isoformat()}
    if isinstance(value, AnsibleVaultEncryptedUnicode):
        return {"!": "vault", "v": str(value)}
    if isinstance(value, tuple):
        return {"!": "tuple", "v": [encode(item, deeper) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"!": "set", "v": [encode(item, deeper) for item in value]}
    if isinstance(value, collections.abc.Mapping):
        return {"!": "dict", "v": [[encode(k, deeper), encode(value[k], deeper)] for k in value]}
    if isinstance(value, list) or isinstance(value, (collections.abc.Iterator, collections.abc.Sequence, collections.abc.MappingView)):
        return [encode(item, deeper) for item in value]
    return str(value)

def decode(value):
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value["!"]
    held = value["v"]
    if kind == "dict":
        return {decode(k): decode(v) for k, v in held}
    if kind == "float":
        return float(held)
    if kind == "int":
        return int(held)
    if kind == "tuple":
        return tuple(decode(item) for item in held)
    if kind == "set":
        return {decode(item) for item in held}
    if kind == "bytes":
        return base64.b64decode(held)
    if kind == "unsafe":
        return wrap_var(held)
    if kind == "undefined":
        return AnsibleUndefined(hint=held or None, name=value.get("name") or None)
    if kind == "datetime":
        return datetime.datetime.fromisoformat(held)
    if kind == "date":
        return datetime.date.fromisoformat(held)
    return Markup(held) if kind == "markup" else held
`;

const IMPORTS = `
try:
    from ansible.errors import AnsibleError
    import ansible.plugins.loader as plugins
    from ansible.module_utils.common.collections import ImmutableDict
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.yaml.objects import AnsibleVaultEncryptedUnicode
    from ansible.template import AnsibleUndefined, Templar
    from ansible.utils.collection_loader import AnsibleCollectionConfig
    from ansible.utils.display import Display
    from ansible.utils.unsafe_proxy import wrap_var
    from jinja2 import Undefined
    from markupsafe import Markup
    display = Display()
except Exception:
    receive()
    send({"failed": {"type": "ImportError", "message": traceback.format_exc().strip().splitlines()[-1], "traceback": traceback.format_exc()}})
    sys.exit(1)

def warned(kind):
    def say(message, *args, **kwargs):
        send({"say": kind, "text": str(message)})
    return say

display.warning = warned("warning")
display.deprecated = warned("deprecated")
display.error = warned("warning")
`;

const PLUGINS = `
class HostVariables(collections.abc.Mapping):
    """hostvars: each host's variables, asked for when a plugin reads them."""

    def __init__(self):
        self.hosts = {}

    def __getitem__(self, host):
        if host not in self.hosts:
            if host not in list(self):
                raise KeyError(host)
            self.hosts[host] = Variables(host=host)
        return self.hosts[host]

    def raw_get(self, host):
        return self[host]

    def __iter__(self):
        return iter(ask("hosts"))

    def __len__(self):
        return len(ask("hosts"))

class Variables(collections.abc.MutableMapping):
    """A task's variables: each is asked for when a plugin reads it."""

    def __init__(self, given=None, host=None):
        self.given = dict(given or {})
        self.gone = set()
        self.names = None
        self.host = host

    def _names(self):
        if self.names is None:
            self.names = ask("names", host=self.host)
        return self.names

    def __getitem__(self, key):
        if key in self.given:
            return self.given[key]
        if key in self.gone or not isinstance(key, str):
            raise KeyError(key)
        if key == "vars":
            return self
        if key == "hostvars":
            self.given[key] = HostVariables()
            return self.given[key]
        answer = ask("variable", name=key, host=self.host)
        if answer is None:
            self.gone.add(key)
            raise KeyError(key)
        self.given[key] = decode(answer[0])
        return self.given[key]

    def __setitem__(self, key, value):
        self.given[key] = value
        self.gone.discard(key)

    def __delitem__(self, key):
        self.given.pop(key, None)
        self.gone.add(key)

    def __iter__(self):
        for name in self._names():
            if name not in self.gone:
                yield name
        for name in self.given:
            if name not in self._names():
                yield name

    def __len__(self):
        return sum(1 for _ in self)

    def copy(self):
        other = Variables(self.given, self.host)
        other.gone = set(self.gone)
        other.names = self.names
        return other

def new_templar(variables):
    loader = DataLoader()
    loader.set_basedir(state["directory"])
    return Templar(loader=loader, variables=variables), loader

state = {"directory": os.getcwd(), "seen": set()}

def op_start(request):
    from ansible.release import __version__
    state["directory"] = request["directory"]
    from ansible import context
    context.CLIARGS = ImmutableDict(module_path=tuple(request["modulePath"]), verbosity=request["verbosity"])
    display.verbosity = request["verbosity"]
    if request["modulePath"]:
        for path in reversed(request["modulePath"]):
            plugins.module_loader.add_directory(path)
    init_plugin_loader = getattr(plugins, "init_plugin_loader", None)
    if init_plugin_loader:
        init_plugin_loader(request["collectionsPath"])
    else:
        AnsibleCollectionConfig.playbook_paths = []
    AnsibleCollectionConfig.playbook_paths = [request["directory"]]
    return {"version": __version__}

def op_directories(request):
    for path in request["paths"]:
        if path not in state["seen"]:
            state["seen"].add(path)
            plugins.add_all_plugin_dirs(path)
    if request.get("playbook"):
        state["directory"] = request["playbook"]
        AnsibleCollectionConfig.playbook_paths = [request["playbook"]]
    return None

def jinja_plugin(kind, name):
    """The function of a filter or test, by its short name or in full."""
    loader = plugins.filter_loader if kind == "filter" else plugins.test_loader
    if "." not in name:
        for wrapper in loader.all():
            own = getattr(wrapper, "ansible_name", None)
            if own is not None and own.rsplit(".", 1)[-1] == name:
                return getattr(wrapper, "j2_function")
    found = None
    try:
        found = loader.get(name)
    except (KeyError, AnsibleError):
        pass
    if found is None:
        raise Missing(name)
    return getattr(found, "j2_function", found)

functions = {}

def op_has(request):
    kind, name = request["kind"], request["name"]
    try:
        if kind == "lookup":
            found = plugins.lookup_loader.find_plugin_with_context(name)
            if not found.resolved:
                return False
        else:
            functions[kind, name] = jinja_plugin(kind, name)
        return True
    except Missing:
        return False

def call(request):
    function = functions[request["op"], request["name"]]
    arguments = [decode(item) for item in request["args"]]
    named = {key: decode(item) for key, item in request["kwargs"].items()}
    passed = getattr(function, "jinja_pass_arg", None)
    if passed is not None:
        variables = Variables()
        templar, _ = new_templar(variables)
        environment = templar.environment
        context = environment.context_class(environment, variables, None, {})
        which = passed.name
        given = context if which == "context" else environment if which == "environment" else context.eval_ctx
        arguments.insert(0, given)
    return function(*arguments, **named)

def op_filter(request):
    return encode(call(request))

def op_test(request):
    return bool(call(request))

def op_inventory(request):
    from ansible.inventory.manager import InventoryManager
    manager = InventoryManager(loader=DataLoader(), sources=request["sources"])
    manager.reconcile_inventory()
    return {
        "hosts": {name: encode(dict(host.vars)) for name, host in manager.hosts.items()},
        "groups": {
            name: {
                "hosts": [host.name for host in group.hosts],
                "children": [child.name for child in group.child_groups],
                "vars": encode(dict(group.vars)),
                "priority": group.priority,
            }
            for name, group in manager.groups.items()
        },
    }

def op_lookup(request):
    variables = Variables()
    templar, loader = new_templar(variables)
    lookup = plugins.lookup_loader.get(request["name"], loader=loader, templar=templar)
    if lookup is None:
        raise AnsibleError("lookup plugin (%s) not found" % request["name"])
    terms = [decode(item) for item in request["terms"]]
    named = {key: decode(item) for key, item in request["kwargs"].items()}
    result = lookup.run(terms, variables=variables, **named)
    return encode(list(result) if result is not None else [])
`;

const MAIN = `
while True:
    request = receive()
    try:
        send({"done": globals()["op_" + request["op"]](request)})
    except Exception as error:
        send({"failed": {"type": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}})
`;

/** What `python -` reads from its standard input. */
export const HOST_PROGRAM = [VALUES, IMPORTS, PLUGINS, ACTION_PROGRAM, MAIN].join("\n");
