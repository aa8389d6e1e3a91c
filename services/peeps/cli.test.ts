import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createFakeClock } from "@roost/base";
import type { ServiceCli } from "@roost/service/cli";
import { Command } from "commander";
import { addCommands } from "./cli.ts";
import { openPeeps, type TestPeeps } from "./open-peeps.fixture.ts";

/** Runs `roost peeps …` against the service; returns what it printed. */
async function run({ client }: TestPeeps, ...args: string[]): Promise<string> {
  let out = "";
  const line = (text = ""): void => void (out += `${text}\n`);
  const cli: ServiceCli = {
    clock: createFakeClock(0),
    readZone: () => Promise.resolve("Europe/Stockholm"),
    connect: () => Promise.resolve(client as never),
    terminal: {
      isJson: false,
      line,
      note: line,
      write: (text) => void (out += text),
      json: (value) => line(JSON.stringify(value)),
      table: (rows, columns, whenEmpty) => {
        if (rows.length === 0) line(whenEmpty);
        for (const row of rows) line(columns.map((column) => column.value(row)).join(" | "));
      },
      progress: () => ({ update: () => undefined, [Symbol.dispose]: () => undefined }),
    },
  };
  const program = new Command("roost").exitOverride();
  addCommands(program.command("peeps"), cli);
  await program.parseAsync(["peeps", ...args], { from: "user" });
  return out;
}

async function createFolder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "peeps-"));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

test("roost peeps reads contacts and a chat, and tells each fault by its line", async (t) => {
  await using peeps = await openPeeps();
  const directory = await createFolder(t);
  const [book, chat] = [join(directory, "book.vcf"), join(directory, "WhatsApp Chat with Ida Berg.txt")];
  await writeFile(book, "BEGIN:VCARD\nFN:Ida Berg\nTEL:+46701234567\nEND:VCARD\nBEGIN:VCARD\nFN:Torn");
  await writeFile(chat, "13/01/2026, 10:01 - Ida Berg: Shall we sail?\n13/01/2026, 10:02 - Me: Yes");
  assert.match(await run(peeps, "import", book), /^1 added, .*1 refused\n.*book\.vcf:5 begins a card that has no END/);
  assert.match(await run(peeps, "import", chat), /^2 added, 0 changed, 0 repeated, 0 refused/);
  assert.match(await run(peeps, "import", chat), /^0 added, 0 changed, 2 repeated, 0 refused/);
  for (let tries = 0; !/Shall we sail/.test(await run(peeps, "search", "sail")); tries += 1) assert.ok(tries < 500);
  const suggested = await run(peeps, "suggestions");
  assert.match(suggested, /Ida Berg and Ida Berg: the same name in messages/);
  const [id = ""] = suggested.split("\n");
  await run(peeps, "suggestions", "--merge", id);
  assert.match(await run(peeps, "list"), /^\S+ \| Ida Berg \| 2026-01-13 \| [^|]+ \| \n$/);
  await assert.rejects(run(peeps, "import", join(directory, "gone")), { code: "not_found" });
  const table = join(directory, "all.csv");
  await run(peeps, "export", table);
  assert.match(await readFile(table, "utf8"), /^Name,.*,Roost ID\r\nIda Berg,[^\n]*\+46701234567[^\n]*\r\n$/);
  assert.match(await run(peeps, "export"), /^BEGIN:VCARD[^]*UID:[0-9a-f-]{36}[^]*END:VCARD\r\n$/);
});

test("roost peeps says who is who, and names several of one name by their ids", async () => {
  await using peeps = await openPeeps();
  await run(peeps, "add", "Bo Ek", "--email", "bo@example.org");
  await run(peeps, "add", "Bo Lund");
  await run(peeps, "note", "Bo Ek", "His wife is called Lo");
  assert.match(
    await run(peeps, "who", "Bo Ek", "wife"),
    /^Nothing says it\.\nnote · Bo Ek · .*\n {2}His wife is called Lo/,
  );
  await run(peeps, "relate", "Bo Ek", "wife", "Lo");
  assert.equal(await run(peeps, "who", "Bo Ek", "partner"), "Lo (spouse, from owner)\n");
  assert.match(await run(peeps, "who", "Bo", "partner"), /^Which one\? Bo Ek \S+, Bo Lund \S+/);
  await assert.rejects(run(peeps, "note", "Bo", "x"), {
    code: "invalid_input",
    message: /several people are called "Bo"/,
  });
  await run(peeps, "merge", "Bo Ek", "Bo Lund");
  assert.match(await run(peeps, "show", "Bo"), /Bo Ek .*\n[^]*merged +Bo Lund/);
});
