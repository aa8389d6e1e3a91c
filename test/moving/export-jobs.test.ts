/** Jobs of a home that is exported and imported: as they were changed since their files, what has fired does not fire again, and who defines them. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fireDueTicks, listJobs, onlyModels } from "@roost/jobs";
import { readSettings } from "@roost/memory/settings";
import { applyHomeAgents } from "../../apps/gateway/src/apply-home-agents.ts";
import { applyHomeJobs } from "../../apps/gateway/src/apply-home-jobs.ts";
import { knownNamesOf } from "../../apps/gateway/src/known-names-of.ts";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";

async function run(
  gateway: TestGateway,
  ...args: string[]
): Promise<{ counts: Record<string, object>; refused: object[] }> {
  const token = (await readFile(join(gateway.homeDir, ".roost/token"), "utf8")).trim();
  const end = await runRoost([...args, "--json"], { url: gateway.url, environment: { ROOST_TOKEN: token } });
  assert.equal(end.code, 0, `${end.stdout}${end.stderr}`);
  return JSON.parse(end.stdout) as { counts: Record<string, object>; refused: object[] };
}

/** What a start, and each look at the files, does. */
async function applyFiles({ memory, kernel, homeDir }: TestGateway): Promise<string[]> {
  const known = knownNamesOf(kernel, { serviceLists: [], modelNames: async () => onlyModels([]) });
  const home = { ...memory, settings: readSettings(homeDir) };
  return [...(await applyHomeAgents(home, known)), ...(await applyHomeJobs(home, known))];
}

async function jobsOf({ kernel }: TestGateway): Promise<unknown[]> {
  const { jobs } = await listJobs(kernel, { limit: 50 });
  return jobs.map(({ id, state, source, definition }) => [id, state, source, definition]);
}

const past = "2026-01-01T00:00:00.000Z";

test("Jobs come back as they were: changed by command since their files, fired once for all, of a trigger or paused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-export-jobs-"));
  try {
    const [one, two] = [join(directory, "one"), join(directory, "two")];
    await using first = await createTestGateway({
      files: {
        "jobs/brief.yaml": 'id: brief\ntrigger: { kind: cron, expression: "0 6 1 1 *" }\nprompt: of the file\n',
        "jobs/once.yaml": `id: once\ntrigger: { kind: at, at: "${past}" }\nprompt: do it once\n`,
        "agents/clerk.md": "---\ntriggers:\n  morning: { kind: manual, prompt: of the file }\n---\nPost.\n",
      },
    });
    assert.deepEqual(await applyFiles(first), []);
    await first.client.applyJobs({
      jobs: [{ id: "reminder", trigger: { kind: "at", at: past }, prompt: "remind once" }],
      source: "test",
    });
    await fireDueTicks(first.kernel);
    await first.client.defineJob({ jobId: "brief", trigger: { kind: "manual" }, prompt: "by command" });
    await first.client.pauseJob({ jobId: "clerk.morning", reason: "for now" });
    const before = await jobsOf(first);
    assert.deepEqual(
      (await listJobs(first.kernel, { limit: 50 })).jobs
        .filter(({ state }) => state === "finished")
        .map(({ id }) => id),
      ["once", "reminder"],
    );
    await run(first, "export", one);

    await using second = await createTestGateway();
    await applyFiles(second);
    assert.deepEqual((await run(second, "import", one)).refused, []);
    assert.deepEqual(await applyFiles(second), []);
    await fireDueTicks(second.kernel);
    assert.equal((await second.client.listRuns({})).items.length, 0, "what has fired does not fire again");
    // Where no file defines it, it is of the import.
    const ofImport = (jobs: unknown[]) =>
      JSON.parse(JSON.stringify(jobs).replace('"import:roost"', '"test"')) as unknown[];
    assert.deepEqual(ofImport(await jobsOf(second)), before);
    await run(second, "export", two);
    const [records, again] = await Promise.all(
      [one, two].map((at) => readFile(join(at, "records/jobs.jsonl"), "utf8")),
    );
    assert.equal(again, records);
    assert.deepEqual(Object.keys((await run(second, "import", one)).counts["job"] ?? {}), ["same"]);

    // From then on files and triggers define them as they do where they are from.
    await writeFile(join(second.homeDir, "jobs/brief.yaml"), "id: brief\ntrigger: { kind: manual }\nprompt: newer\n");
    await rm(join(second.homeDir, "agents/clerk.md"));
    await applyFiles(second);
    assert.deepEqual(
      (await listJobs(second.kernel, { limit: 50, ids: ["brief", "clerk.morning"] })).jobs.map(
        ({ state, definition }) => `${state} ${definition.prompt}`,
      ),
      ["active newer", "removed of the file"],
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
