import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway, testToken } from "../testing/serve-gateway.ts";

const cli = `import { defineOperation, defineService } from "@roost/contract";
import type { ServiceCli } from "@roost/service/cli";
import type { Command } from "commander";
import { z } from "zod";

const count = defineOperation({ id: "count", method: "GET", path: "/count", summary: "Counts", input: z.object({}), output: z.object({ count: z.number() }), effect: "readonly" });
const contract = defineService({ name: "shelf", title: "Shelf", operations: [count] });

export function addCommands(shelf: Command, { terminal }: ServiceCli): void {
  shelf.description("Keeps books.");
  shelf.command("count").description("Counts books.").action(async () => terminal.line(contract.title));
}
`;

test("loadServiceCommand() gives a home's service its words, unless its program is held, broken or named like a command", async (context) => {
  const home = await mkdtemp(join(tmpdir(), "roost-command-"));
  context.after(() => rm(home, { recursive: true, force: true }));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), text);
  };
  let marked: string[] = [];
  await using gateway = await serveGateway({
    listFiles: async () => ({
      items: marked.map((path) => ({
        path,
        bytes: 1,
        modifiedAt: "2026-01-31T00:00:00.000Z",
        mark: { sources: ["program:exec"], lines: null },
      })),
      next: null,
    }),
  });
  const run = (...args: string[]) => runRoost(args, { environment: { ROOST_HOME: home } });
  await write("services/shelf/cli.ts", cli);
  await write("services/runs/cli.ts", "throw new Error('never');");
  await write("services/torn/cli.ts", "export const x = 1;");
  assert.match((await run("shelf", "count")).stderr, /Roost is not running for the home/, "it asks the home first");
  await write(".roost/gateway.json", JSON.stringify({ url: gateway.url }));
  await write(".roost/token", testToken);
  assert.match((await run("shelf", "--help")).stdout, /Keeps books[\s\S]*count/);
  assert.equal((await run("shelf", "count")).stdout, "Shelf\n");
  assert.match((await run("torn")).stderr, /torn\/cli\.ts exports no function addCommands/);
  assert.doesNotMatch((await run("runs", "--help")).stderr, /never/);
  marked = ["services/shelf/words.ts"];
  const held = await run("shelf", "count");
  assert.match(
    held.stderr,
    /services\/shelf\/words\.ts rests on content from outside.*roost files trust services\/shelf\/words\.ts/,
  );
  assert.equal(held.stdout, "");
  assert.match((await run("shelve")).stderr, /unknown command|shelve/);
});
