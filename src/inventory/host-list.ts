/** Hosts on the command line: `web1,web2,` and `web[1:9],`. */
import { existsSync } from "node:fs";
import { expandRanges, splitPort } from "./ranges.ts";
import type { InventoryPlugin } from "./source.ts";

export const hostList: InventoryPlugin = {
  name: "host_list",
  accepts: (source) => source.includes(",") && !existsSync(source),
  parse(inventory, source) {
    for (const part of source.split(",")) {
      const text = part.trim();
      if (text === "") continue;
      const { host, port } = splitPort(text);
      for (const name of expandRanges(host)) {
        const added = inventory.addHost(name, "ungrouped");
        if (port !== undefined) added.vars.set("ansible_port", port);
      }
    }
  },
};
