/** Homes that are torn, odd or made to do harm: what cannot be taken is named, everything else comes in, and nothing waits without end. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, open, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { readCronStore } from "../jobs/import/read-cron-store.ts";
import { readCoding } from "./coding/read-coding.ts";
import { toAgentFile } from "./coding/to-agent-file.ts";
import type { Finding, Found } from "./found/found.ts";
import { readOpenClaw } from "./openclaw/read-openclaw.ts";
import { readExport } from "./read-export.ts";
import { readFolder } from "./read-folder.ts";

async function openHome(files: Record<string, string | Buffer> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "roost-hostile-"));
  const write = async (path: string, text: string | Buffer) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  return {
    directory,
    write,
    async pipe(path: string) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      execFileSync("mkfifo", [join(directory, path)]);
    },
    async link(path: string, to: string) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await symlink(to, join(directory, path));
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function read(finding: Finding) {
  const all = await Array.fromAsync(finding);
  const of = (found: Found["found"]) =>
    all.flatMap((each) => (each.found === found && "name" in each ? [`${each.name}: ${each.reason}`] : [])).join("\n");
  return {
    refused: of("refused"),
    noPlace: of("no-place"),
    refs: all.flatMap((each) => (each.found === "record" ? [each.record.ref] : [])),
    texts: all.flatMap((each) =>
      each.found === "record" && "text" in each.record && each.record.text !== undefined ? [each.record.text] : [],
    ),
    records: all.flatMap((each) => (each.found === "record" ? [each.record] : [])),
  };
}

const lines = (...entries: object[]) => `${entries.map((entry) => JSON.stringify(entry)).join("\n")}\n`;
const said = (id: string, parentId: string | null, text: string) => ({
  type: "message",
  id,
  parentId,
  timestamp: "2026-03-01T10:00:00.000Z",
  message: { role: "user", content: [{ type: "text", text }] },
});
const sessions = "agents/main/sessions";
const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

test("Pipes, folders, links out and circles in the place of files are named, and what stands beside them comes in", async () => {
  await using home = await openHome({
    "workspace/SOUL.md": "a soul",
    "workspace/shared/a.md": "shared",
    [`${sessions}/good.jsonl`]: lines(said("m1", null, "hello")),
    [`${sessions}/folder.jsonl/x`]: "x",
    "cron/runs/folder.jsonl/x": "x",
    "cron/runs/good.jsonl": lines({ ts: 1, jobId: "a", status: "ok", summary: "ran" }),
    "agents/other/agent/openclaw-agent.sqlite/x": "x",
    "outside/secret.jsonl": lines(said("m1", null, "of someone else")),
  });
  await using elsewhere = await openHome({ "secret.jsonl": lines(said("m1", null, "of someone else")) });
  for (const path of [
    "workspace/pipe.md",
    `${sessions}/pipe.jsonl`,
    "cron/runs/pipe.jsonl",
    `${sessions}/sessions.json`,
  ])
    await home.pipe(path);
  await home.link(`${sessions}/out.jsonl`, join(elsewhere.directory, "secret.jsonl"));
  await home.link(`${sessions}/circle.jsonl`, "circle.jsonl");
  await home.link("workspace/self", ".");
  // Before and behind it.
  await home.link("workspace/alias", "shared");
  await home.link("workspace/twice", "shared");
  await home.link("workspace/nowhere.md", "/does/not/exist");
  const { refused, refs, texts } = await read(readOpenClaw(home.directory));
  for (const named of [
    /workspace\/pipe\.md: it is neither a file nor a folder/,
    /sessions\/pipe\.jsonl: .*neither/,
    /runs\/pipe\.jsonl: .*neither/,
    /sessions\.json: it is neither .*; the transcripts come in under their ids/,
    /folder\.jsonl: .*it is a folder/,
    /runs\/folder\.jsonl: it is a folder/,
    /out\.jsonl: .*leads out of the folder/,
    /circle\.jsonl: .*ELOOP/,
    /self: it is a link to .*, which comes in once/,
    /alias: it is a link to .*, which comes in once/,
    /twice: it is a link to .*, which comes in once/,
    /nowhere\.md: it is a link to something that does not exist/,
    /openclaw-agent\.sqlite: it cannot be read .*it is a folder/,
  ])
    assert.match(refused, named);
  assert.ok(refs.includes("workspace/SOUL.md") && refs.includes("workspace/shared/a.md"));
  assert.ok(texts.includes("hello") && texts.includes("shared") && texts.some((text) => text.includes("ran")));
  assert.ok(!texts.includes("of someone else"));
  await home.pipe("cron/jobs.json");
  await assert.rejects(readCronStore(home.directory, { readInput: async () => "" }), { code: "invalid_input" });

  await using coding = await openHome({ ".claude/agents/good.md": "---\ntools: Read\n---\nReview.\n" });
  await coding.pipe("CLAUDE.md");
  await coding.pipe(".claude/agents/pipe.md");
  await coding.pipe(".claude/projects/-x/one.jsonl");
  await coding.link("AGENTS.md", join(elsewhere.directory, "secret.jsonl"));
  const found = await read(readCoding(coding.directory));
  for (const named of [
    /CLAUDE\.md: .*neither/,
    /agents\/pipe\.md: .*neither/,
    /one\.jsonl: .*neither/,
    /AGENTS\.md: .*leads out/,
  ])
    assert.match(found.refused, named);
  assert.ok(found.refs.includes(".claude/agents/good.md"));
});

test("Lines that are torn, endless or nested without end cost themselves, and ids that stand twice or in a circle end", async () => {
  await using home = await openHome({
    [`${sessions}/torn.jsonl`]:
      lines(
        said("m1", "m3", "one"),
        said("m2", "m1", "two"),
        said("m3", "m2", "three"),
        said("m2", "m1", "another two"),
      ) + `{"type":"custom","id":"d","data":${deep}}\n{"type":"mess\n\xff\xfe\0\n`,
    [`${sessions}/only.jsonl`]: lines({ type: "session", id: "only" }, { type: "custom", id: "c1", data: { odd: 1 } }),
    [`${sessions}/sessions.json`]: JSON.stringify({
      "agent:main:main": { sessionId: "torn" },
      "agent:main:gone": { sessionId: "gone", odd: 7 },
      "agent:main:foreign": "a text",
      "agent:main:only": { sessionId: "only", label: "empty" },
    }),
    "openclaw.json": `{"agents":${deep}}`,
    "cron/runs/torn.jsonl": "null\n[]\n5\n{",
  });
  const file = await open(join(home.directory, `${sessions}/long.jsonl`), "w");
  await file.write(lines(said("m1", null, "before")));
  for (let count = 0; count < 100; count += 1) await file.write("x".repeat(1024 ** 2));
  await file.write(`\n${lines(said("m2", "m1", "after"))}`);
  await file.close();
  const { refused, noPlace, texts, records } = await read(readOpenClaw(home.directory));
  assert.deepEqual(
    texts.filter((text) => !text.startsWith("[run")),
    ["before", "after", "one", "two", "three"],
  );
  for (const named of [
    /torn m2: an earlier message of this conversation has its id/,
    /torn\.jsonl entry 5: it is nested deeper than 200 levels/,
    /torn\.jsonl entry 6: it is torn/,
    /torn\.jsonl entry 7: it is torn/,
    /long\.jsonl entry 2: it is longer than/,
    /openclaw\.json: /,
    /runs\/torn\.jsonl line 1: it is not an object/,
    /runs\/torn\.jsonl line 4: it is torn/,
  ])
    assert.match(refused, named);
  assert.match(noPlace, /only\.jsonl: nothing was said in it[^]*2 sessions without a transcript/);
  const kept = JSON.stringify(records.filter(({ kind }) => kind === "kept"));
  for (const named of ['"odd":7', '"a text"', '"label":"empty"', '"data":{"odd":1}'])
    assert.ok(kept.includes(named), named);
});

test("Names in other encodings, files that may not be read and ids that are paths cost themselves alone", async () => {
  await using home = await openHome({
    "workspace/SOUL.md": "a soul",
    [`${sessions}/good.jsonl`]: lines(said("m1", null, "hello")),
    "closed/SOUL.md": "never",
    "openclaw.json": JSON.stringify({
      agents: { list: [{ id: "main" }, { id: "../../other" }, { id: "closed", workspace: "closed" }] },
    }),
  });
  const odd = (folder: string, name: string) =>
    Buffer.concat([Buffer.from(join(home.directory, folder, name)), Buffer.from([0xe9]), Buffer.from(".jsonl")]);
  await writeFile(odd("workspace", "caf"), "x");
  await writeFile(odd(sessions, "caf"), lines(said("m1", null, "odd")));
  await chmod(join(home.directory, "closed/SOUL.md"), 0);
  const { refused, refs, texts } = await read(readOpenClaw(home.directory));
  assert.match(refused, /workspace\/caf.*its name cannot be read/);
  assert.match(refused, /sessions\/caf.*its name cannot be read/);
  assert.match(refused, /agent \.\.\/\.\.\/other: its id is no name of a folder/);
  // A superuser may read everything.
  if (process.getuid?.() !== 0) assert.match(refused, /closed\/SOUL\.md: it cannot be read \(EACCES\)/);
  assert.ok(refs.includes("workspace/SOUL.md") && texts.includes("hello"));
  const folder = await read(readFolder(join(home.directory, "workspace")));
  assert.match(folder.refused, /caf/);
  assert.deepEqual(folder.refs, ["SOUL.md"]);
});

test("Databases that are half written, foreign or beside their logs are read as far as they can be", async () => {
  await using home = await openHome({ "workspace/SOUL.md": "a soul" });
  const make = async (agent: string, count: number) => {
    const path = join(home.directory, `agents/${agent}/agent/openclaw-agent.sqlite`);
    await mkdir(dirname(path), { recursive: true });
    const database = new DatabaseSync(path);
    database.exec(`pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
      create table transcript_events (session_id text, seq integer, event_json text, event_zstd blob, primary key (session_id, seq))`);
    const insert = database.prepare("insert into transcript_events values (?, ?, ?, ?)");
    for (let index = 0; index < count; index += 1)
      insert.run(
        `s${Math.floor(index / 50)}`,
        index,
        JSON.stringify(said(`m${index}`, null, `${agent} ${index} ${"x".repeat(500)}`)),
        null,
      );
    insert.run("s0", 9_999, null, Buffer.from("no zstd"));
    return { path, database };
  };
  // Its rows stand in the log beside it, of a program that still runs.
  const live = await make("live", 10);
  const torn = await make("torn", 400);
  torn.database.exec("pragma wal_checkpoint(truncate)");
  torn.database.close();
  const whole = await readFile(torn.path);
  whole.fill(0x55, Math.floor(whole.length * 0.4), Math.floor(whole.length * 0.8));
  await writeFile(torn.path, whole);
  const foreign = join(home.directory, "agents/foreign/agent/openclaw-agent.sqlite");
  await mkdir(dirname(foreign), { recursive: true });
  const other = new DatabaseSync(foreign);
  other.exec("create table transcript_events (what text)");
  other.close();
  await home.write("agents/empty/agent/openclaw-agent.sqlite", "");
  await home.write(
    "agents/text/agent/openclaw-agent.sqlite",
    "not a database at all, but a text that is long enough".repeat(99),
  );
  await home.write("state/openclaw.sqlite", whole.subarray(0, 5_000));
  const before = await readFile(live.path);
  const { refused, texts } = await read(readOpenClaw(home.directory));
  // Before it is closed, which moves its log into it.
  const after = await readFile(live.path);
  live.database.close();
  assert.equal(texts.filter((text) => text.startsWith("live ")).length, 10);
  assert.ok(before.equals(after), "it is only read");
  for (const agent of ["torn", "foreign", "empty", "text"])
    assert.match(refused, new RegExp(`agents/${agent}/agent`), agent);
  assert.match(refused, /live\/agent\/openclaw-agent\.sqlite session s0 entry 9999: it cannot be unpacked/);
  assert.ok(texts.includes("a soul"));
});

test("toAgentFile() gives an agent with odd front matter no more than it had", () => {
  const toolsOf = (keys: string) =>
    /tools:([^]*?)\n(?:[a-z]+:|---)/.exec(toAgentFile(`---\n${keys}\n---\nx\n`).text)?.[1]?.trim();
  assert.equal(toolsOf("tools: { Read: true }"), "[]");
  assert.equal(toolsOf("tools:"), "[]");
  assert.equal(toolsOf("tools: [constructor, __proto__]"), "[]");
  assert.equal(toolsOf("tools: Read, Bash\ndisallowedTools: Bash"), "- read_file");
  assert.doesNotMatch(toolsOf("disallowedTools: [Bash, Edit]") ?? "", /exec|edit_file/);
  assert.match(toolsOf("disallowedTools: [Bash, Edit]") ?? "", /read_file/);
  const bomb = `a: &a [${"x,".repeat(9)}x]\n${"bcdefghi"
    .split("")
    .map((name, index) => `${name}: &${name} [${`*${"abcdefghi"[index]},`.repeat(9)}*a]`)
    .join("\n")}`;
  assert.match(toAgentFile(`---\n${bomb}\ntools: Read\n---\nx\n`).text, /x\n$/);
});

test("readExport() takes no file from outside of the export", async () => {
  await using home = await openHome({
    "mine.txt": "mine",
    "export/records/files.jsonl": lines({ path: "../../mine.txt", labels: [] }),
  });
  const sha256 = "0".repeat(64);
  const files = ["home/../../mine.txt", "/etc/hostname", "records/../../mine.txt"].map((path) => ({
    path,
    sha256,
    bytes: 4,
  }));
  await home.write(
    "export/manifest.json",
    JSON.stringify({ format: "roost-export", version: 1, home: "h", exportedAt: "x", files }),
  );
  const { refused, texts } = await read(readExport(join(home.directory, "export")));
  assert.equal(refused.split("\n").filter((line) => line.includes("leads out of the export")).length, 3);
  assert.deepEqual(texts, []);
});

test("readFolder() brings a large file apart from its record, names a line of it that looks like a secret, and refuses one beyond the limit", async () => {
  const text = `${"a line of a log\n".repeat(100_000)}key sk-canary1234567890abcdef\n`;
  await using home = await openHome({ "big.log": text, "big.bin": Buffer.alloc(1_200_000), "huge.bin": "" });
  await truncate(join(home.directory, "huge.bin"), 2 ** 31 + 1);
  const all = await Array.fromAsync(readFolder(home.directory));
  const secrets = all.flatMap((found) => (found.found === "secret" ? [found.name] : []));
  assert.deepEqual(secrets, ["big.log:100001"]);
  const { refused, records } = await read(readFolder(home.directory));
  assert.equal(refused, "huge.bin: it has 2147483649 bytes (limit 2147483648): split it");
  const sha256 = createHash("sha256").update(text).digest("hex");
  assert.deepEqual(
    records.map((record) => (record.kind === "file" ? [record.path, record.text, record.brought?.bytes] : [])),
    [
      ["big.bin", undefined, 1_200_000],
      ["big.log", undefined, text.length],
    ],
  );
  const found = all.find((each) => each.found === "record" && each.record.ref === "big.log");
  assert.ok(found?.found === "record" && found.record.kind === "file");
  assert.deepEqual([found.record.brought?.sha256, found.content], [sha256, join(home.directory, "big.log")]);
});
