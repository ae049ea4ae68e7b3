/** The part of the plugin host's program that finds and packs modules and runs their action plugins. */
export const ACTION_PROGRAM = String.raw`
import hashlib, re, tempfile, zipfile, io

def find_module(name, collections):
    found = plugins.module_loader.find_plugin_with_context(name, mod_type=".py", collection_list=collections or None)
    if not found.resolved:
        return None
    path = found.plugin_resolved_path
    return {"path": path, "name": found.resolved_fqcn or name}

def find_action(name, collections):
    """The path of the action plugin that a task with this module has; None for those that only run it."""
    found = plugins.action_loader.find_plugin_with_context(name, collection_list=collections or None)
    if not found.resolved:
        return None
    return {"path": found.plugin_resolved_path, "name": found.resolved_fqcn or name}

def op_find(request):
    name, collections = request["name"], request["collections"]
    module = find_module(name, collections)
    action = find_action(module["name"] if module else name, collections) or find_action(name, collections)
    if not module and not action:
        return None
    return {"module": module, "action": action}

def payload_digest(payload):
    """Of the code that would run (names and contents of what is packed, no times, no arguments), and those names."""
    packed = re.search(rb"ZIPDATA *= *(?:\"\"\"|'''|\"|')([A-Za-z0-9+/=\s]+)", payload)
    digest = hashlib.sha256()
    names = []
    if packed is None:
        digest.update(payload)
    else:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed.group(1)))) as archive:
            names = sorted(archive.namelist())
            for entry in names:
                content = archive.read(entry)
                digest.update(b"%s\0%d\0" % (entry.encode(), len(content)))
                digest.update(content)
    return digest.hexdigest(), names

def files_of(names):
    """Where on this machine what is packed comes from."""
    import ansible
    roots = [os.path.dirname(os.path.dirname(ansible.__file__))]
    for path in AnsibleCollectionConfig.collection_paths:
        roots += [path, os.path.dirname(path)]
    found = []
    for name in names:
        for root in roots:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                found.append(path)
                break
    return found

def pack(request, arguments, variables):
    from ansible.executor import module_common
    from ansible.parsing.yaml.dumper import AnsibleDumper
    templar, _ = new_templar(variables)
    packed = module_common.modify_module(
        request["name"], request["path"], arguments, templar, task_vars=variables,
        module_compression=request.get("compression") or "ZIP_DEFLATED",
    )
    if hasattr(packed, "b_module_data"):
        return packed.b_module_data, packed.module_style, packed.shebang
    return packed[0], packed[1], packed[2]

def packing_variables(request):
    return {"ansible_python_interpreter": request.get("interpreter") or "/usr/bin/python3"}

def op_digest(request):
    payload, _, _ = pack(request, {}, packing_variables(request))
    digest, names = payload_digest(payload)
    return {"digest": digest, "files": [request["path"]] + files_of(names)}

def op_pack(request):
    arguments = plain(decode(request["args"]))
    payload, style, shebang = pack(request, arguments, packing_variables(request))
    return {"payload": base64.b64encode(payload).decode(), "style": style, "shebang": shebang}

def plain(value):
    """Sets and tuples are no JSON."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v) for v in value]
    return value

def make_connection(play_context):
    from ansible.plugins.connection import ConnectionBase

    class Connection(ConnectionBase):
        transport = "ssh"
        has_pipelining = True
        _new_stdin = None

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self._load_name = "ssh"
            self._connected = True

        def _connect(self):
            return self

        def get_option(self, option, hostvars=None):
            return {"pipelining": True}.get(option)

        def set_options(self, task_keys=None, var_options=None, direct=None):
            pass

        def exec_command(self, cmd, in_data=None, sudoable=True):
            given = None if in_data is None else base64.b64encode(in_data if isinstance(in_data, bytes) else in_data.encode()).decode()
            answer = ask("exec", command=cmd if isinstance(cmd, str) else cmd.decode(), input=given)
            return answer["rc"], base64.b64decode(answer["stdout"]), base64.b64decode(answer["stderr"])

        def put_file(self, in_path, out_path):
            ask("put", source=os.path.abspath(in_path), destination=out_path)

        def fetch_file(self, in_path, out_path):
            ask("fetch", source=in_path, destination=os.path.abspath(out_path))

        def close(self):
            pass

        def reset(self):
            pass

    connection = Connection(play_context, None)
    shell = plugins.shell_loader.get("sh")
    shell.set_options(var_options={}, direct={})
    connection._shell = shell
    return connection

def op_action(request):
    from ansible.playbook.play_context import PlayContext
    from ansible.playbook.task import Task
    variables = Variables({key: decode(value) for key, value in request["given"].items()})
    templar, loader = new_templar(variables)
    task = Task()
    task.action = request["module"]
    task.args = decode(request["args"])
    task.resolved_action = request["module"]
    task.check_mode = request["checkMode"]
    task.diff = request["diffMode"]
    task.no_log = request["noLog"]
    task.async_val = request["async"]
    task.poll = 1
    task.environment = []
    task.delegate_to = None
    task.name = request["title"]
    task.collections = request["collections"]
    play_context = PlayContext()
    play_context.check_mode = request["checkMode"]
    play_context.diff = request["diffMode"]
    play_context.become = False
    play_context.remote_user = request["user"]
    connection = make_connection(play_context)
    handler = plugins.action_loader.get(
        request["action"], task=task, connection=connection, play_context=play_context,
        loader=loader, templar=templar, shared_loader_obj=plugins, collection_list=request["collections"] or None,
    )
    if handler is None:
        raise AnsibleError("the action plugin %s cannot be loaded" % request["action"])
    try:
        result = handler.run(task_vars=variables)
    finally:
        handler.cleanup()
    return encode(result)
`;
