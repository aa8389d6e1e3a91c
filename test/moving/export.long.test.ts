/** `roost export` and back: a home that is exported and imported is the same home. */
import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { importGrant } from "@roost/approvals";
import { untrustedFrom, mainLabels } from "@roost/contract/labels";
import { appendDailyNote, keepPart, sendMessage, setState, writeHomeFile } from "@roost/memory";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";

async function run(gateway: TestGateway, ...args: string[]): Promise<Record<string, unknown>> {
  const token = (await readFile(join(gateway.homeDir, ".roost/token"), "utf8")).trim();
  const end = await runRoost([...args, "--json"], { url: gateway.url, environment: { ROOST_TOKEN: token } });
  assert.equal(end.code, 0, `${end.stdout}${end.stderr}`);
  return JSON.parse(end.stdout) as Record<string, unknown>;
}

/** Every file of an export, but the manifest, by path. */
async function contents(directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.slice(directory.length + 1), await readFile(path, "latin1"));
  }
  found.delete("manifest.json");
  return found;
}

const as = { kind: "main" as const };
const secret = "sk-canary1234567890abcdef";

async function fill({ client, memory, kernel }: TestGateway): Promise<void> {
  const { part } = await keepPart(memory, {
    content: new Uint8Array([0x89, 1, 2]),
    mediaType: "image/png",
    labels: mainLabels,
  }).then((kept) => ({ part: kept }));
  await sendMessage(memory, { sessionKey: "main", text: "Anna lives in Ulm", parts: [{ sha256: part.sha256! }] });
  await sendMessage(memory, { sessionKey: "main", text: `never say ${secret}` });
  await client.createSession({ sessionKey: "garden", title: "The garden" });
  const lives = { subject: "Anna", attribute: "lives in" };
  const { fact } = await client.rememberFact({ text: "Anna lives in Ulm", ...lives, value: "Ulm" });
  await client.rememberFact({ text: "Anna lives in Bonn", ...lives, value: "Bonn", corrects: fact.id });
  await client.rememberFact({ text: "The spare key is with Ida" });
  await setState(memory, { name: "email", value: { unread: 3, list: ["b", "a"] }, by: "cli" });
  const page = untrustedFrom("web", "page.example");
  await appendDailyNote(memory, { text: "An own line", as, by: "cli" });
  await appendDailyNote(memory, {
    text: "a marked line of a page that is long enough",
    as,
    by: "session:main",
    labels: page,
  });
  await writeHomeFile(memory, { path: "notes/plain.md", text: `key ${secret}\n`, expected: "absent", as, by: "cli" });
  await client.applyJobs({
    jobs: [
      { id: "mail", trigger: { kind: "every", every: "1h" }, prompt: "look" },
      { id: "rest", trigger: { kind: "manual" }, prompt: "rest" },
    ],
    source: "test",
  });
  await client.pauseJob({ jobId: "mail", reason: "for now" });
  await kernel.transact((tx) =>
    importGrant(tx, {
      id: kernel.createId(),
      agent: "main",
      tool: "http_send",
      target: "api.example.com",
      scope: "always",
      of: null,
      grantedBy: "person:owner",
      grantedAt: new Date("2026-01-01T00:00:00Z"),
      expiresAt: new Date("2036-01-01T00:00:00Z"),
      revokedAt: null,
      revokedBy: null,
      usedCount: 2,
      lastUsedAt: null,
    }),
  );
}

test("roost export and roost import give the same home, and a second export the same bytes", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-export-"));
  try {
    const [one, two] = [join(directory, "one"), join(directory, "two")];
    await using first = await createTestGateway({
      files: {
        ".roost/home-id": "11111111-1111-4111-8111-111111111111\n",
        "roost.yaml": "timeZone: UTC\n",
        "SOUL.md": "a soul\n",
      },
    });
    await fill(first);
    for (const mine of [`${one}.old`, `${one}.new`]) await mkdir(mine);
    const told = await run(first, "export", one);
    assert.deepEqual(
      [(told["counts"] as Record<string, number>)["fact"], told["home"]],
      [3, "11111111-1111-4111-8111-111111111111"],
    );
    const before = await contents(one);
    assert.ok(![...before.values()].some((text) => text.includes(secret)), "no secret leaves the home");
    assert.match(before.get("home/notes/plain.md")!, /key \[secret left out\]/);
    assert.ok(before.has("events/11111111-1111-4111-8111-111111111111.jsonl") && before.has("schema/home-record.json"));
    assert.deepEqual(
      (await readdir(directory)).toSorted(),
      ["one", "one.new", "one.old"],
      "what stands beside it is the person's",
    );

    await using second = await createTestGateway({
      files: { ".roost/home-id": "22222222-2222-4222-8222-222222222222\n" },
    });
    const report = (await run(second, "import", one)) as {
      refused: object[];
      counts: Record<string, Record<string, number>>;
    };
    assert.deepEqual(report.refused, []);
    assert.equal(
      await readFile(join(second.homeDir, "roost.yaml"), "utf8"),
      "timeZone: UTC\n",
      "an own export brings the settings",
    );
    const { items } = await second.client.listFiles({ isMarked: true });
    assert.deepEqual(items.length, 1, "marked lines are marked there");
    assert.equal((await second.client.getJob({ jobId: "mail" })).job.state, "paused");

    await run(second, "export", two);
    const after = await contents(two);
    const own = /^(?:events|spend)\/22222222-2222-4222-8222-222222222222\.jsonl$/;
    assert.deepEqual([...after.keys()].filter((path) => !own.test(path)).toSorted(), [...before.keys()].toSorted());
    for (const [path, text] of before) assert.equal(after.get(path), text, path);

    const { text: ROOST_TOKEN } = await second.client.createToken({ name: "program", scopes: ["*"] });
    const program = await runRoost(["import", one], { url: second.url, environment: { ROOST_TOKEN } });
    assert.match(program.stderr, /come by the person alone/);

    const again = (await run(second, "import", one)) as { counts: Record<string, Record<string, number>> };
    for (const [kind, counts] of Object.entries(again.counts)) assert.deepEqual(Object.keys(counts), ["same"], kind);
    const { lines } = await second.client.recall({ query: "where does Anna live", kinds: ["fact"] });
    assert.deepEqual(
      lines.map(({ text }) => text),
      ["Anna lives in Bonn"],
    );

    await writeFile(join(one, "home/SOUL.md"), "changed since");
    await writeFile(join(directory, "mine"), "of another place");
    await appendFile(join(one, "records/parts.jsonl"), '{"sha256":"../../mine","mediaType":"text/plain"}\n');
    await appendFile(join(one, "records/jobs.jsonl"), '{"id":"foreign","state":"active","definition":{}}\n');
    await using third = await createTestGateway();
    const torn = (await run(third, "import", one)) as { refused: { name: string }[] };
    assert.deepEqual(
      torn.refused.map(({ name }) => name),
      ["home/SOUL.md", "records/jobs.jsonl", "records/parts.jsonl"],
    );
    assert.deepEqual((await third.client.listJobs({})).items, []);
    const end = await runRoost(["export", first.homeDir], {
      url: first.url,
      environment: { ROOST_TOKEN: (await readFile(join(first.homeDir, ".roost/token"), "utf8")).trim() },
    });
    assert.match(end.stderr, /holds something else/);
  } finally {
    await rm(directory, { recursive: true });
  }
});
