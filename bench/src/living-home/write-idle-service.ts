import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export const operationCount = 15;

/** Puts a service that only waits into a home: a table, operations and a consumer. Its settings name it. */
export async function writeIdleService(home: string, name: string): Promise<void> {
  const directory = join(home, "services", name);
  const schema = `svc_${name.replaceAll("-", "_")}`;
  const files: Record<string, string> = {
    "migrations/001-notes.sql": `create table ${schema}.note (id uuid primary key, text text not null);\n`,
    "service.ts": `import { defineEvent, defineOperation, defineService, serve } from "@roost/contract";
import { z } from "zod";
const Note = z.object({ id: z.string(), text: z.string().max(100) }).meta({ id: "Note" });
const noted = defineEvent({ type: "${name.replace("-", ".n")}", version: 1, topic: "${name}", subject: "note id", schema: z.object({ text: z.string() }) });
const operations = Array.from({ length: ${operationCount} }, (_, index) =>
  defineOperation({ id: "note" + index, method: "POST", path: "/notes-" + index, summary: "Notes", input: z.object({ text: z.string().max(100) }), output: z.object({ note: Note }), effect: "unsafe" }));
export const service = {
  contract: defineService({ name: "${name}", title: "${name}", operations, events: [noted] }),
  handlers: () => operations.map((operation) => serve(operation, ({ text }) => ({ note: { id: "1", text } }))),
  consumers: [{ name: "notes", types: [noted.type], handle: async () => undefined }],
  migrations: new URL("./migrations/", import.meta.url),
};
`,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}
