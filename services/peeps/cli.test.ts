import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { until } from "@roost/base/testing/until";
import { createChatDb, write } from "./imessage/create-chat-db.fixture.ts";
import { createZip } from "./messages/create-zip.fixture.ts";
import { openPeeps } from "./open-peeps.fixture.ts";
import { runPeeps } from "./run-peeps.fixture.ts";

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
  assert.match(
    await runPeeps(peeps, "import", book),
    /^1 added, .*1 refused\n.*book\.vcf:5 begins a card that has no END/,
  );
  assert.match(await runPeeps(peeps, "import", chat), /^2 added, 0 changed, 0 repeated, 0 refused/);
  assert.match(await runPeeps(peeps, "import", chat), /^0 added, 0 changed, 2 repeated, 0 refused/);
  const zip = createZip(t, { name: "WhatsApp Chat with Ida Berg.txt", bytes: await readFile(chat) });
  assert.match(await runPeeps(peeps, "import", zip), /^0 added, 0 changed, 2 repeated, 0 refused/);
  await until(async () => /Shall we sail/.test(await runPeeps(peeps, "search", "sail")));
  const suggested = await runPeeps(peeps, "suggestions");
  assert.match(suggested, /Ida Berg and Ida Berg: the same name in messages/);
  const [id = ""] = suggested.split("\n");
  await runPeeps(peeps, "suggestions", "--merge", id);
  assert.match(await runPeeps(peeps, "list"), /^\S+ \| Ida Berg \| 2026-01-13 \| [^|]+ \| \n$/);
  await assert.rejects(runPeeps(peeps, "import", join(directory, "gone")), { code: "not_found" });
  const table = join(directory, "all.csv");
  await runPeeps(peeps, "export", table);
  assert.match(await readFile(table, "utf8"), /^Name,.*,Roost ID\r\nIda Berg,[^\n]*\+46701234567[^\n]*\r\n$/);
  assert.match(await runPeeps(peeps, "export"), /^BEGIN:VCARD[^]*UID:[0-9a-f-]{36}[^]*END:VCARD\r\n$/);
});

test("roost peeps says who is who, and names several of one name by their ids", async () => {
  await using peeps = await openPeeps();
  await runPeeps(peeps, "add", "Bo Ek", "--email", "bo@example.org");
  await runPeeps(peeps, "add", "Bo Lund");
  await runPeeps(peeps, "note", "Bo Ek", "His wife is called Lo");
  assert.match(
    await runPeeps(peeps, "who", "Bo Ek", "wife"),
    /^Nothing says it\.\nnote · Bo Ek · .*\n {2}His wife is called Lo/,
  );
  await runPeeps(peeps, "relate", "Bo Ek", "wife", "Lo");
  assert.equal(await runPeeps(peeps, "who", "Bo Ek", "partner"), "Lo (spouse, from owner)\n");
  assert.match(await runPeeps(peeps, "who", "Bo", "partner"), /^Which one\? Bo Ek \S+, Bo Lund \S+/);
  await assert.rejects(runPeeps(peeps, "note", "Bo", "x"), {
    code: "invalid_input",
    message: /several people are called "Bo"/,
  });
  await runPeeps(peeps, "merge", "Bo Ek", "Bo Lund");
  assert.match(await runPeeps(peeps, "show", "Bo"), /Bo Ek .*\n[^]*merged +Bo Lund/);
});

test("roost peeps watch reads a chat.db once, and runs from every login on when it is installed", async (t) => {
  await using peeps = await openPeeps();
  const { path, writer } = createChatDb(t);
  write(writer, { guid: "a", text: "Hello", handle_id: 1 }, 1);
  const watch = (...more: string[]) => runPeeps(peeps, "watch", "imessage", "--db", path, "--name", "mac", ...more);
  assert.match(await watch("--once"), /^1 messages\n$/);
  assert.equal(await watch("--once"), "", "it goes on where it was");
  const installed = await watch("--install");
  assert.match(
    installed,
    /Nothing was installed \(there is no launchctl\). This belongs into \/u\/watch-imessage-[0-9a-f]{8}:/,
  );
  assert.ok(installed.endsWith(`peeps watch imessage --db ${path} --name mac`));
  await assert.rejects(runPeeps(peeps, "watch", "imessage", "--db", "/dev/null", "--install"), { code: "forbidden" });
  await assert.rejects(runPeeps(peeps, "watch", "mail", "imaps://me:pw@x.example", "--secret", "env:X"), {
    code: "invalid_input",
    message: /a password does not belong into the address/,
  });
});
