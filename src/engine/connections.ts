/** Open connections of a run: one for each place and login, opened when first needed. */
import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Become, Connection, RunOptions as ScriptOptions } from "../connection/connection.ts";
import { ConnectionError } from "../connection/connection.ts";
import type { ConnectionFactory, ConnectionRequest } from "./options.ts";

export class ConnectionPool {
  readonly #factory: ConnectionFactory;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(factory: ConnectionFactory) {
    this.#factory = factory;
  }

  /**
   * Runs a script in a place; opens the connection first if there is none.
   * @throws ConnectionError when the place cannot be reached
   */
  async run(request: ConnectionRequest, script: string, options: ScriptOptions) {
    const key = keyOf(request);
    let opening = this.#open.get(key);
    if (!opening) {
      opening = this.#factory(request);
      this.#open.set(key, opening);
    }
    try {
      const connection = await opening;
      return await connection.run(script, options);
    } catch (error) {
      // A connection that broke is opened anew by the next task.
      if (error instanceof ConnectionError && this.#open.get(key) === opening) {
        this.#open.delete(key);
        void opening.then((connection) => connection.close()).catch(() => undefined);
      }
      throw error;
    }
  }

  /**
   * A stream to a program in a place, over a connection of its own.
   * @throws ConnectionError when the place cannot be reached, or has no streams to give
   */
  async tunnel(
    request: ConnectionRequest,
    script: string,
    become: Become | undefined,
  ): Promise<Duplex> {
    const connection = await this.#factory({ ...request, lane: randomUUID() });
    try {
      if (!connection.tunnel) {
        throw new ConnectionError(
          `${connection.label}: no stream can be opened to a program in it`,
        );
      }
      return await connection.tunnel(script, become);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** `meta: reset_connection`. */
  async reset(request: ConnectionRequest): Promise<void> {
    const key = keyOf(request);
    const opening = this.#open.get(key);
    this.#open.delete(key);
    await opening?.then((connection) => connection.close()).catch(() => undefined);
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (opening) => (await opening).close()));
  }
}

function keyOf(request: ConnectionRequest): string {
  return JSON.stringify([
    request.host,
    request.connection,
    request.user,
    request.port,
    request.lane,
    String(request.variable("ansible_host") ?? ""),
  ]);
}
