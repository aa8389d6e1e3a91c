/** A process that appends lines to a file of a home, one by one, and prints which were confirmed. */
import { silentLogger } from "@roost/base";
import { openDatabase } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { openMemory } from "../open-memory.ts";
import { findHomeFile } from "./read-home-file.ts";
import { writeHomeFile } from "./write-home-file.ts";

const [url = "", homeDir = "", name = ""] = process.argv.slice(2);
const as = { kind: "main" } as const;
const path = "log.md";
const database = await openDatabase({ url, applicationName: name, logger: silentLogger, poolMax: 2 });
const kernel = await openKernel({ database, logger: silentLogger, migrate: false });
const memory = await openMemory({ kernel, homeDir, logger: silentLogger, migrate: false });
for (let count = 0; ;) {
  const current = await findHomeFile(memory, path, { as });
  const line = `${name}:${count}`;
  const text = `${current?.text ?? ""}${line}\n`;
  const outcome = await writeHomeFile(memory, { path, text, expected: current?.sha256 ?? "absent", as, by: name });
  if (outcome.state !== "written") continue;
  process.stdout.write(`${line}\n`);
  count += 1;
}
