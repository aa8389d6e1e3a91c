/** Scenario F of docs/scenarios.md: every file of a home is torn, and it says which, or goes on without having lost anything. */
import assert from "node:assert/strict";
import { chown, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedModelServer, type Script } from "@roost/agent/testing";
import { openDirectoryObjects } from "@roost/objects";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { startSupervised, trySupervised, type StartedHome } from "./start-supervised.ts";

type Api = StartedHome["api"];

/** Remembers a fact and sets a state, then is done. */
const takeNotes: Script = ({ messages }) =>
  messages.at(-1)?.role === "tool"
    ? "noted"
    : {
        toolCalls: [
          { name: "remember", arguments: { text: "tea, not coffee" } },
          { name: "set_state", arguments: { name: "email", patch: { unread: 3 } } },
        ],
      };

/** What must not be lost: what is defined, what is in the log, and each content that a file of the home ever had. */
async function readRecord(api: Api, directory: string) {
  const { items: jobs } = await api.listJobs({});
  const { items: topics } = await api.listTopics({});
  const events: { id: string; type: string; data: Record<string, unknown> }[] = [];
  for (const { name: topic, partitions } of topics) {
    for (const { partition, firstOffset, nextOffset } of partitions) {
      for (let offset = firstOffset; offset < nextOffset;) {
        const page = await api.readEvents({ topic, partition, offset, limit: 500 });
        events.push(...(page.items as typeof events));
        offset = page.nextOffset;
      }
    }
  }
  const objects = await openDirectoryObjects(join(directory, ".roost/objects"));
  const contents: string[] = [];
  for (const { data } of events.filter(({ type }) => type.startsWith("file."))) {
    const bytes = typeof data["sha256"] === "string" ? await objects.get(data["sha256"]) : undefined;
    if (bytes !== undefined) contents.push(Buffer.from(bytes).toString());
  }
  const { items: files } = await api.listStateFiles({});
  const states = await Promise.all(files.map(({ name }) => api.getState({ name })));
  return {
    jobs: jobs.map(({ id, state }) => `${id} ${state}`),
    events: events.map(({ id }) => id),
    contents,
    states: states.map(({ name, value }) => ({ name, value })),
  };
}

const tears: Record<string, (path: string) => Promise<void>> = {
  empty: (path) => truncate(path, 0),
  half: async (path) => truncate(path, Math.floor((await stat(path)).size / 2)),
};

/** What a start says of a file without which nothing may go on; one of the database and one of Roost first. */
const refused: { path: string; tear: keyof typeof tears; says: RegExp }[] = [
  { path: ".roost/postgres/data/pg_hba.conf", tear: "empty", says: /pg_hba\.conf/ },
  { path: ".roost/token", tear: "half", says: /\.roost\/token holds \d+ characters.*delete the file to get a new one/ },
  { path: ".roost/postgres/data/global/pg_control", tear: "empty", says: /pg_control[\s\S]*from a backup/ },
  { path: "roost.yaml", tear: "empty", says: /roost\.yaml is empty/ },
  { path: ".roost/postgres/data/PG_VERSION", tear: "empty", says: /PG_VERSION is damaged/ },
];

/** Files of processes that are gone, which every orderly end removes. */
async function keepTraces(directory: string): Promise<() => Promise<void>> {
  const machinery = join(directory, ".roost");
  const claims = (await readdir(join(machinery, "claims"))).map((name) => join(machinery, "claims", name));
  const paths = [...claims, join(machinery, "owner.json"), join(machinery, "postgres/data/postmaster.pid")];
  const kept = await Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(path), owner: await stat(path) })),
  );
  return async () => {
    for (const { path, text, owner } of kept) {
      await writeFile(path, text, { mode: 0o600 });
      await chown(path, owner.uid, owner.gid);
    }
  };
}

/** Every file of the home but what refuses to start when torn, and the inside of the database. */
async function listOthers(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !/^\.roost\/(?:postgres\/data\/(?!postmaster)|objects\/)/.test(path))
    .filter((path) => !refused.some((one) => one.path === path));
}

/** `startCount`: how many of the files without which nothing may go on are torn, each before a start of its own; all others are torn in any case. */
export async function tearFiles({ startCount }: { startCount: number }): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "roost-torn-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = opened.use(await startScriptedModelServer({ script: takeNotes }));
  const options = { directory, modelUrl: model.url };

  const first = await startSupervised(options);
  await first.api.defineJob({ jobId: "by-hand", trigger: { kind: "cron", expression: "0 4 1 1 *" }, prompt: "count" });
  const { runId } = await first.api.sendMessage({ sessionKey: "main", text: "Take notes" });
  assert.deepEqual(await hearEnd(first, runId), { state: "done", text: "noted" });
  const before = await readRecord(first.api, directory);
  await first.crash();
  const putTracesBack = await keepTraces(directory);
  const memories = await readFile(join(directory, "MEMORY.md"), "utf8");

  for (const { path, tear, says } of refused.slice(0, startCount)) {
    const whole = await readFile(join(directory, path));
    await tears[tear]!(join(directory, path));
    const outcome = await trySupervised(options);
    if (!("exitCode" in outcome)) await outcome.crash();
    assert.ok("exitCode" in outcome, `it started although ${path} is incomplete`);
    assert.notEqual(outcome.exitCode, 0);
    assert.match(outcome.printed, says);
    await writeFile(join(directory, path), whole);
  }

  await putTracesBack();
  const others = await listOthers(directory);
  for (const expected of ["MEMORY.md", "jobs/blog-writer.yaml", ".roost/owner.json", ".roost/applied-jobs.json"])
    assert.ok(others.includes(expected), `${expected} is among ${others.join(", ")}`);
  for (const [index, path] of others.entries()) await tears[index % 2 === 0 ? "half" : "empty"]!(join(directory, path));
  const second = await startSupervised(options);
  opened.defer(() => second.stop());
  await second.api.defineJob({ jobId: "one-more", trigger: { kind: "manual" }, prompt: "" });
  const after = await readRecord(second.api, directory);
  assert.deepEqual(after.jobs, [...before.jobs, "one-more active"].toSorted());
  assert.deepEqual(
    before.events.filter((id) => !after.events.includes(id)),
    [],
  );
  assert.deepEqual(
    before.contents.filter((content) => !after.contents.includes(content)),
    [],
  );
  assert.ok(after.contents.includes(memories) && after.contents.some((content) => content.includes("tea, not coffee")));
  assert.deepEqual(after.states, before.states);
}
