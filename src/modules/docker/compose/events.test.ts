import { expect, it } from "vitest";
import { composeEvents } from "./events.ts";

it("tells each piece of work once, and nothing of what was there", () => {
  const stderr = ` Network site_default  Creating
 Network site_default  Created
 Container site-web-1  Creating
 Container site-web-1  Created
 Container site-web-1  Starting
 Container site-web-1  Started
 Container site-db-1  Running
 cache Pulling
 cache Pulled
time="2026-01-01" level=warning msg="x"
`;
  expect(composeEvents(stderr)).toEqual([
    { what: "network", id: "site_default", status: "Creating" },
    { what: "container", id: "site-web-1", status: "Creating" },
    { what: "container", id: "site-web-1", status: "Starting" },
    { what: "service", id: "cache", status: "Pulling" },
  ]);
  expect(composeEvents(" DRY-RUN MODE -  Container site-web-1  Created\n")).toEqual([
    { what: "container", id: "site-web-1", status: "Creating" },
  ]);
});
