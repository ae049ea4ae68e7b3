/** Hosts on the command line: `web1,web2,`; as `advanced_host_list` also `web[1:9],`. */
import { existsSync } from "node:fs";
import { LayerbookError, messageOf } from "../errors/index.ts";
import type { Inventory } from "./inventory.ts";
import { expandRanges, RangeValueError, splitPort } from "./ranges.ts";
import type { InventoryPlugin } from "./source.ts";

/** @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/host_list_inventory.html */
export const hostList: InventoryPlugin = {
  name: "host_list",
  accepts,
  parse(inventory, source) {
    for (const text of parts(source)) {
      const { host, port } = splitPort(text);
      add(inventory, [host], port);
    }
  },
};

/** @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/advanced_host_list_inventory.html */
export const advancedHostList: InventoryPlugin = {
  name: "advanced_host_list",
  accepts,
  parse(inventory, source, context) {
    for (const text of parts(source)) {
      const { host, port } = splitPort(text);
      try {
        add(inventory, expandRanges(host), port);
      } catch (error) {
        if (!(error instanceof LayerbookError)) throw error;
        if (error instanceof RangeValueError) {
          throw new LayerbookError(
            `Invalid data from string, could not parse: ${messageOf(error)}`,
          );
        }
        context.detail(
          `Unable to parse address from hostname, leaving unchanged: ${messageOf(error)}`,
        );
        add(inventory, [text], undefined);
      }
    }
  },
};

function accepts(source: string): boolean {
  return source.includes(",") && !existsSync(source);
}

function parts(source: string): string[] {
  return source
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function add(inventory: Inventory, hosts: readonly string[], port: number | undefined): void {
  for (const name of hosts) {
    const added = inventory.addHost(name, "ungrouped");
    if (port !== undefined) added.vars.set("ansible_port", port);
  }
}
