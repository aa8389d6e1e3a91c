/** A small service of a home: it has a table and an operation that counts its rows. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const program = `import { defineOperation, defineService, serve } from "@roost/contract";
import { z } from "zod";
const count = defineOperation({ id: "count", method: "GET", path: "/count", summary: "Counts", input: z.object({}), output: z.object({ count: z.number() }), effect: "readonly" });
export const service = {
  contract: defineService({ name: "apples", title: "Apples", operations: [count] }),
  migrations: new URL("./migrations/", import.meta.url),
  handlers: ({ database }) => [serve(count, async () => (await database.query("select count(*)::int as count from svc_apples.apple"))[0])],
};
`;

export async function writeApples(homeDir: string): Promise<void> {
  const folder = join(homeDir, "services/apples");
  await mkdir(join(folder, "migrations"), { recursive: true });
  await writeFile(join(folder, "service.ts"), program);
  await writeFile(join(folder, "migrations/001-apples.sql"), "create table svc_apples.apple (id int);");
}

/** What it answers through a gateway; the status where that is no success, and 0 where the connection was cut off. */
export async function countApples(url: string, token: string): Promise<{ status: number; count?: number }> {
  try {
    const answer = await fetch(`${url}/services/apples/count`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, ...((await answer.json()) as object) };
  } catch {
    return { status: 0 };
  }
}
