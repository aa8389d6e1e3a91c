import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { someJob } from "../testing/records.ts";
import { serveGateway, type GatewayHandlers } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

type Defined = Parameters<NonNullable<GatewayHandlers["defineJob"]>>[0];

async function writeEditor(script: string) {
  const directory = await mkdtemp(join(tmpdir(), "roost-editor-"));
  const path = join(directory, "editor");
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return { path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

test("roost jobs add creates only, unless it is told to replace", async () => {
  const defined: Defined[] = [];
  await using gateway = await serveGateway({
    defineJob: (input) => {
      defined.push(input);
      if (input.expectedVersion === 0 && defined.length > 1) throw new RoostError("conflict", "It is there");
      return { job: someJob({ id: input.jobId }), change: "created" };
    },
  });
  const args = ["jobs", "add", "mail", "--every", "20m", "-p", "look"];
  assert.equal((await runRoost(args, gateway)).code, 0);
  const again = await runRoost(args, gateway);
  assert.equal(again.code, 73);
  assert.match(again.stderr, /roost jobs edit mail, or add --replace/);
  assert.equal((await runRoost([...args, "--replace"], gateway)).code, 0);
  assert.deepEqual(
    defined.map(({ expectedVersion }) => expectedVersion),
    [0, 0, undefined],
  );
});

test("roost runs says that nothing matches, and exits by 66 for a job or a session that does not exist", async () => {
  await using gateway = await serveGateway({
    listRuns: () => ({ items: [], next: null }),
    getJob: ({ jobId }) => {
      if (jobId !== "mail") throw new RoostError("not_found", `There is no job "${jobId}"`);
      return { job: someJob(), ticks: [] };
    },
  });
  const known = await runRoost(["runs", "--job", "mail"], gateway);
  assert.deepEqual([known.code, known.stdout], [0, "No run matches\n"]);
  assert.equal((await runRoost(["runs", "--job", "nope"], gateway)).code, 66);
  assert.equal((await runRoost(["runs", "--session", "nope"], gateway)).code, 66);
});

test("roost jobs edit applies what the editor saved to the version that was shown, and names a file that says otherwise", async () => {
  const defined: Defined[] = [];
  const sources = [null, "jobs/mail.yaml", "import:/home/eva/.openclaw/cron/jobs.json"];
  await using gateway = await serveGateway({
    getJob: () => ({ job: someJob(), ticks: [] }),
    defineJob: (input) => {
      defined.push(input);
      return { job: someJob({ version: 4, source: sources[defined.length - 1] ?? null }), change: "changed" };
    },
  });
  await using editor = await writeEditor(`sed -i.bak 's/20m/25m/' "$1"`);
  const edit = () => runRoost(["jobs", "edit", "mail"], { ...gateway, environment: { EDITOR: editor.path } });
  for (const source of sources) {
    const { code, stdout, stderr } = await edit();
    assert.deepEqual([code, stdout], [0, "mail is changed (version 4)\n"]);
    assert.equal(/jobs\/mail\.yaml still has its earlier definition/.test(stderr), source === "jobs/mail.yaml");
  }
  assert.deepEqual([defined[0]?.trigger, defined[0]?.expectedVersion], [{ kind: "every", every: "25m" }, 3]);
  assert.equal((await runRoost(["jobs", "edit", "mail"], { ...gateway, environment: { EDITOR: "true" } })).code, 0);
  assert.equal(defined.length, 3, "what was not changed is not applied");
});

test("roost jobs edit loses nothing: a conflict and a mistake leave the text in a file", async () => {
  await using gateway = await serveGateway({
    getJob: () => ({ job: someJob(), ticks: [] }),
    defineJob: () => {
      throw new RoostError("conflict", "The version is 4");
    },
  });
  for (const [change, exitCode] of [
    ["25m", 73],
    ["nonsense", 64],
  ] as const) {
    await using editor = await writeEditor(`sed -i.bak 's/20m/${change}/' "$1"`);
    const { code, stderr } = await runRoost(["jobs", "edit", "mail"], {
      ...gateway,
      environment: { EDITOR: editor.path },
    });
    assert.equal(code, exitCode);
    const path = /kept in (\S+)/.exec(stderr)?.[1] as string;
    assert.match(await readFile(path, "utf8"), new RegExp(`every: ${change}`));
    await rm(join(path, ".."), { recursive: true });
  }
});

test("roost jobs apply sends what is written and shows what would change", async () => {
  const applied: { dryRun: boolean; prune: boolean; source: string }[] = [];
  await using gateway = await serveGateway({
    applyJobs: ({ jobs, dryRun, prune, source }) => {
      applied.push({ dryRun, prune, source });
      return {
        dryRun,
        changes: jobs.map(({ id }) => ({
          jobId: id,
          change: "changed" as const,
          differences: [{ path: "trigger.every", before: "1h", after: "2h" }],
          nextAt: null,
        })),
        refused: [],
      };
    },
  });
  const input = "id: a\ntrigger: {kind: every, every: 2h}\nprompt: x\n";
  const { code, stdout, stderr } = await runRoost(["jobs", "apply", "-", "--dry-run", "--prune"], {
    ...gateway,
    input,
  });
  assert.deepEqual([code, stdout], [0, "changed   a\n  - trigger.every: 1h\n  + trigger.every: 2h\n"]);
  assert.match(stderr, /nothing was/);
  assert.deepEqual(applied, [{ dryRun: true, prune: true, source: "stdin" }]);
});
