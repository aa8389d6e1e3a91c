/** Where this program's clone is, and its `roost`. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const cloneDirectory = fileURLToPath(new URL("../../..", import.meta.url));

export const roostScript = join(cloneDirectory, "roost");
