/** Workers on another host, as a person brings them in: a home with a gateway alone, a database and a bucket that both reach, and a machine that joins. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readGatewayUrl } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { readHomeId } from "@roost/memory/home";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse } from "../../packages/worker/src/testing/open-house.ts";
import { requirePart } from "../infra/parts.ts";
import { startS3 } from "../infra/start-s3.ts";
import { listHostRoles } from "./list-host-roles.ts";
import { startHost } from "./start-host.ts";

const { skip } = await requirePart("s3");
const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);

test(
  "A machine joins with workers, reads and writes the home from there, and is put out alone",
  { skip },
  async (t) => {
    await using s3 = await startS3();
    const keys = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
    const objects = `s3://roost/home?endpoint=${s3.endpoint}&region=${s3.region}`;
    await using house = await openHouse();
    const { memory, model, kernel } = house;
    const { homeDir } = memory;
    await writeFile(join(homeDir, "USER.md"), "Ada likes tea.\n");
    await mkdir(join(homeDir, "agents"), { recursive: true });
    await writeFile(join(homeDir, "agents/painter.md"), "---\nneeds: [gpu]\n---\nYou paint.\n");
    await writeFile(join(homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
    await house.start({ program: gateway, env: { ROOST_PORT: "0", OBJECTS_URL: objects, ...keys } });
    const url = await readGatewayUrl(homeDir);
    const api = createHttpClient(roostContract, { baseUrl: `${url}/api/v1`, token: testToken });
    const atHome = (...args: string[]) => runRoost(args, { url, environment: { ROOST_TOKEN: testToken } });

    const machine = await mkdtemp(join(tmpdir(), "roost-box-"));
    t.after(() => rm(machine, { recursive: true, force: true }));
    const here = { ROOST_HOME: machine, ROOST_URL: "", ROOST_TOKEN: "", ...keys };
    const invited = await atHome("hosts", "invite", "box", "--workers");
    const [, code = ""] = /--code (\S+)/.exec(invited.stdout) ?? [];
    const joined = await runRoost(["join", url, "--code", code], { environment: here });
    assert.match(joined.stdout, /host box of .*workers:run/, joined.stderr);
    const homeId = await readHomeId(homeDir);
    const rolesOfBox = () => listHostRoles(kernel.database, { homeId, host: "box" });
    assert.equal((await rolesOfBox()).length, 1);
    assert.equal((await stat(join(machine, ".roost/database-url"))).mode & 0o777, 0o600);

    await using host = await startHost({
      ...here,
      ROOST_WORKERS: "1",
      ROOST_CAPABILITIES: "gpu",
      ROOST_QUEUES: "default,night",
      ROOST_MODEL_URL: model.url,
      ROOST_MODEL: "scripted",
    });
    assert.match((await atHome("hosts")).stdout, /box +1 worker; queues default, night; offers gpu +0\.1\.0/);

    model.setScript(({ messages }) => {
      const text = `About Ada: ${/likes \w+/.exec(JSON.stringify(messages))?.[0]}\n`;
      const calls = [
        { name: "read_file", arguments: { path: "USER.md" } },
        { name: "write_file", arguments: { path: "notes/ada.md", text } },
      ];
      const next = calls[messages.filter(({ role }) => role === "assistant").length];
      return next === undefined ? "written" : { toolCalls: [next] };
    });
    const { runId } = await api.sendMessage({ sessionKey: "main", text: "Who is Ada?" });
    await until(async () => (await api.getRun({ runId })).run.endedAt !== null);
    const { run } = await api.getRun({ runId });
    assert.equal(run.state, "done", JSON.stringify(run));
    // What the run wrote there is on the home's disk here.
    const path = join(homeDir, "notes/ada.md");
    await until(async () => (await readFile(path, "utf8").catch(() => "")) !== "");
    assert.equal(await readFile(path, "utf8"), "About Ada: likes tea\n");

    assert.match((await atHome("hosts", "remove", "box")).stdout, /Revoked box/);
    assert.deepEqual(await rolesOfBox(), []);
    const left = await runRoost(["status"], { environment: here });
    assert.match(left.stderr, /not known here, or was revoked/);
    await until(async () => (await api.listHosts({})).items.every(({ name }) => name !== "box"));
    assert.deepEqual(await host.ended, { code: 77, signal: null }, host.printed());
    assert.match(host.printed(), /was put out at its home/);
  },
);
