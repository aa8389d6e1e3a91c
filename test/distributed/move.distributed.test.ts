/** A home that runs moves from its own PostgreSQL 18 to the system's 15 and back, with a domain service, killed in the middle. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { requirePart } from "../infra/parts.ts";
import { startPostgres } from "../infra/start-postgres.ts";
import { startSupervised, type StartedHome } from "../scenarios/start-supervised.ts";
import { runCommand, untilThere } from "../services/home-services.fixture.ts";

const { skip } = await requirePart("postgres");
const mover = fileURLToPath(new URL("../../apps/supervisor/src/move/main.ts", import.meta.url));

const transcript = async (home: StartedHome) =>
  JSON.stringify((await home.api.getSession({ sessionKey: "main" })).messages);

async function say(home: StartedHome, text: string): Promise<void> {
  const { runId } = await home.api.sendMessage({ sessionKey: "main", text });
  await untilThere(async () => ((await home.api.getRun({ runId })).run.endedAt === null ? undefined : true));
  assert.match(await transcript(home), new RegExp(`Heard ${text}`));
}

test(
  "A home moves to another server and back, killed in the middle, and nothing of it is lost",
  { skip },
  async (t) => {
    await using opened = new AsyncDisposableStack();
    const postgres = opened.use(await startPostgres({ durable: false }));
    const directory = await mkdtemp(join(tmpdir(), "roost-move-"));
    opened.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const model = opened.use(
      await startScriptedModelServer({
        script: ({ userText }) => `Heard ${/the (?:first|second)/.exec(userText)?.[0]}`,
      }),
    );
    const { certificates, url } = postgres;
    const target = url({ sslmode: "verify-full", sslrootcert: certificates.authorityFile });
    await writeFile(join(directory, "target"), target);
    const start = (services?: readonly string[]) => startSupervised({ directory, modelUrl: model.url, services });
    // The service is up a moment after the home.
    const isAnnaThere = (home: StartedHome) =>
      untilThere(
        async () => (await (await home.fetch("/services/peeps/people")).text()).includes("Anna of Ulm") || undefined,
      );
    let home = await start(["peeps"]);
    opened.defer(() => home.stop());

    await say(home, "the first");
    const person = { method: "POST", body: JSON.stringify({ name: "Anna of Ulm" }) };
    await untilThere(async () => (await home.fetch("/services/peeps/people", person)).ok || undefined);
    assert.match((await runCommand(directory, "database", "move", "file:target")).printed, /is owned by process/);
    await home.stop();

    const child = spawn(process.execPath, [mover, "file:target"], {
      env: { PATH: process.env["PATH"], HOME: directory, ROOST_HOME: directory },
    });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (/20 of \d+ tables/.test(printed)) child.kill("SIGKILL");
    });
    child.stderr.pipe(process.stderr);
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"], printed);
    const moved = await runCommand(directory, "database", "move", "file:target");
    assert.match(moved.printed, /carried by an earlier attempt: compared row by row/);
    t.diagnostic(
      moved.printed
        .split("\n")
        .filter((line) => line.startsWith("✓"))
        .join("; "),
    );

    home = await start();
    await isAnnaThere(home);
    await say(home, "the second");
    assert.match(JSON.stringify(await home.api.getStatus({})), /"version":"15\./);
    await home.stop();

    const back = await runCommand(directory, "database", "move", "own");
    assert.equal(back.code, 0, back.printed);
    assert.match((await readdir(join(directory, ".roost"))).join(" "), /postgres-left-/);
    home = await start();
    await isAnnaThere(home);
    assert.match(await transcript(home), /the first.*the second/);
    assert.match(JSON.stringify(await home.api.getStatus({})), /"version":"18\./);
  },
);
