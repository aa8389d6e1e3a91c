/**
 * Canaries: a key of a model, a token of a webhook and the home's own token, each echoed by a server that is not well, read by a model that looks for
 * them, and traced. They are then looked for in all that Roost keeps, logs, sends, answers and exports, and in what a backup would hold.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { until } from "@roost/base/testing/until";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { startScene } from "./start-scene.ts";

const modelKey = "sk-canary-4f1d9a70c2b84e51";
const hookToken = "hook-canary-9b07e3d15a6c4f28";

test("A secret is in no prompt, log, trace, event, error, dead letter, answer, export, backup or file, whatever a server or a model does with it", async (t) => {
  const hook = await listen(t, 500);
  const collector = await listen(t, 200);
  const answers = [
    { status: 500, error: { message: `upstream refused Bearer ${modelKey}` } },
    {
      toolCalls: [
        { name: "read_file", arguments: { path: ".roost/token" } },
        { name: "list_files", arguments: { path: ".roost" } },
        { name: "search_files", arguments: { query: "canary" } },
        { name: "read_log", arguments: {} },
        { name: "http_fetch", arguments: { url: "file:///proc/self/environ" } },
        { name: "notify", arguments: { text: "look" } },
      ],
    },
    "done",
    { status: 401, error: { message: `Bearer ${modelKey} is not valid`, type: modelKey, code: modelKey } },
  ];
  await using scene = await startScene({
    script: () => () => answers.shift() ?? "done",
    settings: (settings) => `${settings}\nnotify: { webhook: { url: "${hook.url}", tokenRef: "env:HOOK_TOKEN" } }\n`,
    environment: {
      ROOST_MODEL_KEY: modelKey,
      HOOK_TOKEN: hookToken,
      ROOST_LOG_LEVEL: "debug",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
  const { home, database, model } = scene;
  const secrets = [modelKey, hookToken, home.token];
  for (const said of ["one", "two"]) {
    const { runId } = await home.api.sendMessage({ sessionKey: "main", text: said });
    await hearEnd(home, runId);
  }
  await until(async () => hook.requests.length > 0);
  assert.ok(
    hook.requests.every(({ headers }) => headers.includes(hookToken)),
    "the webhook has its token",
  );
  assert.equal(model.requests.length, 4);

  const { api } = home;
  const answered = [
    await api.getStatus(),
    await api.listNotices(),
    await api.listRuns(),
    await api.getSession({ sessionKey: "main" }),
    await api.getConfig(),
    await api.checkModels().catch((error: unknown) => String(error)),
  ];
  const letters = await until("the notice is a dead letter with its reason", async () => {
    const { items } = await api.listDeadLetters({});
    return items.some(({ error }) => error !== null) ? items : undefined;
  });
  const exported = join(await mkdtemp(join(tmpdir(), "roost-exported-")), "all");
  t.after(() => rm(dirname(exported), { recursive: true, force: true }));
  const end = await runRoost(["export", exported], {
    url: home.gateway.ready.url!,
    environment: { ROOST_TOKEN: home.token },
  });
  assert.equal(end.code, 0, end.stderr);
  await home.gateway.kill("SIGTERM");
  for (const worker of home.workers) await worker.kill("SIGTERM");
  assert.ok(collector.requests.length > 0, "something was traced");

  const places: [string, string][] = [
    ["an answer", JSON.stringify(answered)],
    ["a dead letter", JSON.stringify(letters)],
    ["what an export says", `${end.stdout}${end.stderr}`],
    ["a prompt", JSON.stringify(model.requests.map(({ body }) => body))],
    ["a trace", JSON.stringify(collector.requests.map(({ body }) => body))],
    ["a notice", JSON.stringify(hook.requests.map(({ body }) => body))],
    ["a log", home.readLogs()],
  ];
  for (const [place, found] of places)
    for (const secret of secrets) assert.ok(!found.includes(secret), `${secret.slice(0, 11)}… is in ${place}`);
  // A backup is a dump of the database and a copy of the home (docs/running.md): each row of each table, and each file below.
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const tablesWith = async (searched: string): Promise<string[]> => {
    const found: string[] = [];
    for (const { name } of tables) {
      const [row] = await database.query<{ count: number }>(
        `select count(*)::integer as count from ${name} t
         where t::text like '%' || $1 || '%' or t::text like '%' || encode(convert_to($1, 'utf8'), 'hex') || '%'`,
        [searched],
      );
      if (row!.count > 0) found.push(name);
    }
    return found;
  };
  assert.notDeepEqual(await tablesWith("is not valid"), [], "the search is not blind: the errors themselves are kept");
  assert.ok((await tablesWith(letters[0]!.eventId)).includes("roost.dead_letter"), "nor to dead letters");
  for (const secret of secrets) assert.deepEqual(await tablesWith(secret), [], secret.slice(0, 11));
  const events = await readdir(join(exported, "events"));
  assert.match(
    await readFile(join(exported, "events", events[0]!), "utf8"),
    /is not valid/,
    "the export has the errors",
  );
  for (const directory of [home.directory, exported])
    for (const path of await readdir(directory, { recursive: true })) {
      const full = join(directory, path);
      if (path === ".roost/token" || !(await stat(full)).isFile()) continue;
      const content = await readFile(full, "latin1");
      for (const secret of secrets) assert.ok(!content.includes(secret), `${secret.slice(0, 11)}… is in ${full}`);
    }
});

/** Answers everything alike, and echoes what it was sent where it fails. */
async function listen(
  t: TestContext,
  status: number,
): Promise<{ url: string; requests: { headers: string; body: string }[] }> {
  const requests: { headers: string; body: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const headers = JSON.stringify(request.headers);
      requests.push({ headers, body });
      response.writeHead(status).end(status === 200 ? "{}" : headers);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
