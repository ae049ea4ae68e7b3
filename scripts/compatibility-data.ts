/** What docs/compatibility.md is made of; bundled and run by generate-compatibility.mjs. */

export { CATALOGUE } from "../src/cli/catalogue.ts";
export { ACTIONS as config } from "../src/cli/commands/config.ts";
export { program as doc } from "../src/cli/commands/doc.ts";
export { program as inventory } from "../src/cli/commands/inventory.ts";
export { program as play } from "../src/cli/commands/play.ts";
export { program as run } from "../src/cli/commands/run.ts";
export { ACTIONS as vault } from "../src/cli/commands/vault.ts";
export { SETTINGS } from "../src/engine/settings-table.ts";
export { WITHOUT_MEANING } from "../src/engine/settings-without-meaning.ts";
export { MODULES } from "../src/modules/index.generated.ts";
export { KEYWORDS } from "../src/playbook/keywords.ts";
export { MAGIC_NAMES } from "../src/variables/magic.ts";
