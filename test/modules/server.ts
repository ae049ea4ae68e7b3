/** The web server of the cases in `web.yml`, answering as `record/server.py` did. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export async function startServer(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const reply = (
        code: number,
        body: string,
        type = "text/plain",
        headers: Record<string, string> = {},
      ) => {
        const length = { "Content-Type": type, "Content-Length": String(body.length) };
        response.sendDate = false;
        response.writeHead(code, { ...length, ...headers, Connection: "close" });
        response.end(request.method === "HEAD" ? undefined : body);
      };
      const body = Buffer.concat(chunks).toString();
      switch (request.url) {
        case "/json":
          return reply(200, '{"x": [1, 2.0]}', "application/json; charset=utf-8");
        case "/echo":
          return reply(
            200,
            `${request.method} ${request.headers["content-type"] ?? "None"} ${body}`,
          );
        case "/redir":
          return reply(302, "", "text/plain", { Location: "/json" });
        case "/cookie":
          return reply(200, "c", "text/plain", { "Set-Cookie": "a=b; Path=/" });
        case "/auth": {
          const ok = request.headers.authorization === "Basic dTpw";
          const ask = { "WWW-Authenticate": 'Basic realm="x"' };
          return reply(ok ? 200 : 401, ok ? "ok" : "no", "text/plain", ask);
        }
        case "/500":
          return reply(500, "bad");
        case "/h.txt":
          if (request.headers["if-modified-since"] === undefined) return reply(200, "hello\n");
          response.sendDate = false;
          response.writeHead(304, { Connection: "close" });
          return response.end();
        default:
          return reply(404, "");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
