import { Duplex, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { attach, demultiplexer } from "./multiplex.ts";

function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

async function all(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe("the frames of the Engine", () => {
  it("are taken apart wherever they are cut", async () => {
    const bytes = Buffer.concat([
      frame(1, "one"),
      frame(2, "two"),
      frame(1, ""),
      frame(1, "three"),
    ]);
    for (let size = 1; size <= bytes.length; size++) {
      const [stdout, stderr] = [new Readable({ read() {} }), new Readable({ read() {} })];
      const feed = demultiplexer(stdout, stderr);
      for (let at = 0; at < bytes.length; at += size) feed(bytes.subarray(at, at + size));
      for (const stream of [stdout, stderr]) stream.push(null);
      expect([await all(stdout), await all(stderr)]).toEqual(["onethree", "two"]);
    }
  });
  it("are taken in linear time", () => {
    const sink = new Readable({ read() {} });
    sink.resume();
    const feed = demultiplexer(sink, sink);
    const large = frame(1, Buffer.alloc(50_000_000));
    const begun = performance.now();
    for (let at = 0; at < large.length; at += 1000) feed(large.subarray(at, at + 1000));
    expect(performance.now() - begun).toBeLessThan(2000);
  });
  it("stop the connection when nobody reads, and go on when someone does", async () => {
    let produced = 0;
    const socket = new Duplex({
      read() {
        if (produced >= 500) this.push(null);
        else {
          produced++;
          this.push(frame(1, Buffer.alloc(10_000, 65)));
        }
      },
      write: (_chunk, _encoding, done) => done(),
    });
    const { stdout, stderr } = attach({ socket, head: Buffer.alloc(0), contentType: "" }, false);
    stderr.resume();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(produced).toBeLessThan(50);
    expect((await all(stdout)).length).toBe(5_000_000);
  });
});
