/** `roost export` and back: a home that is exported and imported is the same home. */
import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { importGrant } from "@roost/approvals";
import { joinLabels, untrustedFrom, mainLabels } from "@roost/contract/labels";
import { until } from "@roost/base/testing/until";
import { beginStep, finishRun, finishStep } from "@roost/kernel";
import {
  appendDailyNote,
  exportRecords,
  keepPart,
  rememberHeartbeat,
  scanHome,
  sendMessage,
  setState,
  takeLook,
  writeHomeBytes,
  writeHomeFile,
  type OutsideSource,
} from "@roost/memory";
import { openTestService } from "@roost/service/testing";
import { peepsContract } from "@roost/peeps/contract";
import { bookOf, idaCard } from "../../services/peeps/open-peeps.fixture.ts";
import { service as peeps } from "../../services/peeps/service.ts";
import { claimOne, joinWorker } from "../../apps/gateway/src/testing/drive-runs.ts";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { readContents } from "./open-moving.ts";

async function run(gateway: TestGateway, ...args: string[]): Promise<Record<string, unknown>> {
  const token = (await readFile(join(gateway.homeDir, ".roost/token"), "utf8")).trim();
  const end = await runRoost([...args, "--json"], { url: gateway.url, environment: { ROOST_TOKEN: token } });
  assert.equal(end.code, 0, `${end.stdout}${end.stderr}`);
  return JSON.parse(end.stdout) as Record<string, unknown>;
}

const as = { kind: "main" as const };
const secret = "sk-canary1234567890abcdef";

async function fill(gateway: TestGateway): Promise<void> {
  const { client, memory, kernel } = gateway;
  const fromPage = joinLabels(mainLabels, untrustedFrom("web", "page.example"));
  const kept = await Promise.all(
    [mainLabels, fromPage].map((labels, index) => {
      const content = new Uint8Array([0x89, 1, index]);
      return keepPart(memory, { content, mediaType: "image/png", labels });
    }),
  );
  const parts = kept.map(({ sha256 }) => ({ sha256: sha256! }));
  await sendMessage(memory, { sessionKey: "main", text: "Anna lives in Ulm", parts });
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
  // A stray NUL makes it no text for the home.
  await writeHomeBytes(memory, {
    path: "notes/torn.log",
    bytes: Buffer.from(`caf\u00e9\0\nkey ${secret}\n`),
    expected: "absent",
    as,
    by: "cli",
  });
  await fillLarge(gateway);
  await client.applyJobs({
    jobs: [
      { id: "mail", trigger: { kind: "every", every: "1h" }, prompt: "look" },
      { id: "rest", trigger: { kind: "manual" }, prompt: "rest" },
    ],
    source: "test",
  });
  await client.pauseJob({ jobId: "mail", reason: "for now" });
  await client.writeFile({ path: "agents/gardener.md", text: agent });
  await spend(gateway);
  await beat(gateway);
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

/** As they are exported: two of which go in ranges, one of these with a secret, and one stands where programs write. */
const large: Record<string, Buffer> = {
  "films/long.bin": Buffer.alloc(21_000_000, "\0film"),
  "notes/long.md": Buffer.from(`a line\n`.repeat(200_000)),
  "notes/longer.log": Buffer.from(`${`a line\n`.repeat(3_000_000)}key [secret left out]\n`),
  "work/mail/attachment.bin": Buffer.alloc(1_500_000, "\0mail"),
};

async function fillLarge({ memory, homeDir }: TestGateway): Promise<void> {
  for (const [path, content] of Object.entries(large)) {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    const text = content.subarray(-40).includes("[secret left out]");
    await writeFile(join(homeDir, path), text ? content.toString().replace("[secret left out]", secret) : content);
    const then = new Date(Date.now() - 60_000);
    await utimes(join(homeDir, path), then, then);
  }
  await until("a scan has seen them", async () => {
    await scanHome(memory);
    const { items } = await exportRecords(memory, { kind: "file", limit: 500 });
    return Object.keys(large).every((path) => items.some((record) => record["path"] === path));
  });
}

const agent = "---\ntitle: Knows plants\n---\n\nYou know plants.\n";

/** What a heartbeat saw of a mailbox, and said. */
async function beat({ memory, kernel }: TestGateway): Promise<void> {
  const source: OutsideSource = {
    name: "work",
    kind: "mail",
    identity: "a",
    settings: {} as OutsideSource["settings"],
  };
  const mail = { mailbox: "INBOX", numbering: "1", likeness: "x", mayBeKnown: false };
  const items = [{ key: "k", at: new Date("2026-01-01T00:00:00Z"), text: "From: Ida", mail }];
  await takeLook(memory, source, { before: undefined, items, place: { INBOX: { validity: "1", uid: 1 } } });
  const run = { id: kernel.createId(), sessionKey: "heartbeat" };
  await kernel.transact((tx) => rememberHeartbeat(tx, { run, text: "Ida wrote" }));
}

/** A run that called a model once. */
async function spend({ client, kernel }: TestGateway): Promise<void> {
  await using worker = await joinWorker(kernel);
  await client.runJob({ jobId: "rest" });
  const owned = await claimOne(kernel, worker);
  const usage = { inputTokens: 1_000, cachedTokens: 400, outputTokens: 50, savedUsd: 0.25, model: "small" };
  await beginStep(kernel, owned, { seq: 1, name: "model#1", kind: "model", effect: "idempotent" });
  await finishStep(kernel, owned, { seq: 1, state: "done", output: {}, usage, costUsd: 0.5 });
  await finishRun(kernel, owned, { state: "done" });
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
    await using ofFirst = await openTestService(peeps, first.test);
    await ofFirst.clientFor(peepsContract).importContacts({ book: bookOf(idaCard, ["UID:2", "FN:Bo Ek"]) });
    for (const mine of [`${one}.old`, `${one}.new`]) await mkdir(mine);
    const told = await run(first, "export", one);
    assert.deepEqual(
      [(told["counts"] as Record<string, number>)["fact"], told["home"]],
      [3, "11111111-1111-4111-8111-111111111111"],
    );
    const before = await readContents(one);
    assert.ok(![...before.values()].some((text) => text.includes(secret)), "no secret leaves the home");
    assert.ok(
      before.get("services/peeps/rows.jsonl")?.includes("Ida Berg") === true &&
        before.has("services/peeps/contacts.vcf"),
    );
    assert.match(before.get("records/parts.jsonl")!, /trust:untrusted/);
    assert.match(before.get("records/items.jsonl")!, /From: Ida/);
    assert.match(before.get("records/heartbeats.jsonl")!, /Ida wrote/);
    assert.ok([...before].some(([path, text]) => path.startsWith("spend/") && text.includes('"costUsd":0.5')));
    assert.match(before.get("home/notes/plain.md")!, /key \[secret left out\]/);
    assert.equal(
      before.get("home/notes/torn.log"),
      Buffer.from("caf\u00e9\0\nkey [secret left out]\n").toString("latin1"),
      "all else of it stays",
    );
    for (const [path, content] of Object.entries(large))
      assert.ok(Buffer.from(before.get(`home/${path}`) ?? "", "latin1").equals(content), path);
    assert.ok(before.has("events/11111111-1111-4111-8111-111111111111.jsonl") && before.has("schema/home-record.json"));
    assert.deepEqual(
      (await readdir(directory)).toSorted(),
      ["one", "one.new", "one.old"],
      "what stands beside it is the person's",
    );

    await using second = await createTestGateway({
      files: { ".roost/home-id": "22222222-2222-4222-8222-222222222222\n" },
    });
    await using _ofSecond = await openTestService(peeps, second.test);
    type Report = { refused: object[]; counts: Record<string, Record<string, number>> };
    const rehearsed = (await run(second, "import", one, "--dry-run")) as Report;
    await assert.rejects(stat(join(second.homeDir, "films")), { code: "ENOENT" }, "a dry run changes nothing");
    const report = (await run(second, "import", one)) as Report;
    assert.deepEqual(report.refused, []);
    assert.deepEqual(rehearsed.counts["file"], report.counts["file"], "and says what happens");
    assert.equal(
      await readFile(join(second.homeDir, "roost.yaml"), "utf8"),
      "timeZone: UTC\n",
      "an own export brings the settings",
    );
    const { items } = await second.client.listFiles({ isMarked: true });
    assert.deepEqual(
      items.map(({ path }) => path.replace(/[0-9-]{10}/, "DATE")),
      ["memory/DATE.md", "work/mail/attachment.bin"],
      "what is marked is marked there",
    );
    assert.equal((await second.client.getJob({ jobId: "mail" })).job.state, "paused");

    await run(second, "export", two);
    const after = await readContents(two);
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
      ["home/SOUL.md", "records/jobs.jsonl", "records/parts.jsonl", "services/peeps/rows.jsonl"],
      "what was changed, and of peeps, which does not run here",
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
