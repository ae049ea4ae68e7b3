import { describe } from "vitest";
import { connectionContract } from "./contract.ts";
import { connectLocal } from "./local.ts";

const asRoot = process.getuid?.() === 0;

describe("the local connection", () => {
  connectionContract(
    async () => connectLocal(),
    asRoot ? { user: "nobody", method: "su" } : undefined,
  );
});
