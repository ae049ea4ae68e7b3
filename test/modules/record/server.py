"""The web server of the cases in web.yml: port 18765 of this machine."""
import base64
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *args):
        pass

    def reply(self, code, body, kind="text/plain", **headers):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path == "/json":
            return self.reply(200, b'{"x": [1, 2.0]}', "application/json; charset=utf-8")
        if self.path == "/echo":
            kind = str(self.headers.get("Content-Type"))
            return self.reply(200, (self.command + " " + kind + " " + body.decode()).encode())
        if self.path == "/redir":
            return self.reply(302, b"", Location="/json")
        if self.path == "/cookie":
            return self.reply(200, b"c", Set_Cookie="a=b; Path=/")
        if self.path == "/auth":
            wanted = "Basic " + base64.b64encode(b"u:p").decode()
            ok = self.headers.get("Authorization") == wanted
            return self.reply(200 if ok else 401, b"ok" if ok else b"no", WWW_Authenticate='Basic realm="x"')
        if self.path == "/500":
            return self.reply(500, b"bad")
        if self.path == "/h.txt":
            if self.headers.get("If-Modified-Since"):
                self.send_response(304)
                return self.end_headers()
            return self.reply(200, b"hello\n")
        return self.reply(404, b"")

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = answer


http.server.ThreadingHTTPServer(("127.0.0.1", 18765), Handler).serve_forever()
