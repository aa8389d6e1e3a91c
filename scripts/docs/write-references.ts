/** Writes the tables of keys in docs/jobs.md and docs/settings.md from the schemas that read them: npm run docs. */
import { readFile, writeFile } from "node:fs/promises";
import type { JsonObject } from "@roost/base";
import { toJsonSchema } from "@roost/contract";
import { NamedJobDefinition } from "@roost/contract/operations";
import { writtenDurations } from "@roost/jobs/files";
import { settingsSchema } from "@roost/memory/settings";
import { describeKeys } from "./describe-keys.ts";

const mark = /(<!-- keys -->\n)[\s\S]*?(\n<!-- end of keys -->)/;

/** Each document with its table. */
const references = [
  {
    file: new URL("../../docs/jobs.md", import.meta.url),
    table: () => describeKeys(toJsonSchema(NamedJobDefinition, { io: "input" }), { durations: writtenDurations }),
  },
  {
    file: new URL("../../docs/settings.md", import.meta.url),
    table: () => describeKeys(settingsSchema() as JsonObject),
  },
];

/** The documents as they are and as they should be. */
export async function readReferences(): Promise<{ file: URL; written: string; current: string }[]> {
  return Promise.all(
    references.map(async ({ file, table }) => {
      const written = await readFile(file, "utf8");
      return {
        file,
        written,
        current: written.replace(mark, (_all, before: string, after: string) => `${before}\n${table()}\n${after}`),
      };
    }),
  );
}

if (process.argv[1] === import.meta.filename)
  for (const { file, current } of await readReferences()) await writeFile(file, current);
