/** Services in a home that runs, as the pages say it: the example of docs/services.md, and peeps with a job that real messages fire. */
import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { startScriptedModelServer, type Script } from "@roost/agent/testing";
import { createHttpClient } from "@roost/contract/client";
import { peepsContract } from "@roost/peeps/contract";
import { startSupervised, type StartedHome } from "../scenarios/start-supervised.ts";
import { pidOf, readExample, readProcesses, runCommand, untilThere } from "./home-services.fixture.ts";

const messageCount = 50;
const fact = { source: "imessage", externalId: "m7", kind: "relation", relation: "partner", value: "Nils" };

/** The reader of peeps hands over one fact; everybody else says that it is here. */
const script: Script = ({ toolNames, messages, userText }) =>
  toolNames.includes("peeps_suggestFacts") && messages.every(({ role }) => role !== "assistant")
    ? {
        toolCalls: userText.includes("my partner Nils")
          ? [{ name: "peeps_suggestFacts", arguments: { facts: [{ ...fact, quote: "my partner Nils" }] } }]
          : [],
        text: "",
      }
    : "I am here.";

/** A service as its program is written at some time: which operations it has, and what its event says. */
const pond = (
  operations: string,
  event: string,
) => `import { defineEvent, defineOperation, defineService, serve } from "@roost/contract";
import { z } from "zod";
const input = z.object({});
const output = z.object({ text: z.string() });
const all = [${operations}].map((id) =>
  defineOperation({ id, method: "GET", path: "/" + id, summary: "Says " + id, input, output, effect: "readonly" }));
const dug = defineEvent({ ${event}, type: "pond.dug", topic: "pond", subject: "pond" });
export const service = {
  contract: defineService({ name: "pond", title: "Pond", operations: all, events: [dug] }),
  handlers: () => all.map((operation) => serve(operation, async () => ({ text: operation.id }))),
};
`;

let homeDir: string;
let home: StartedHome;
let model: Awaited<ReturnType<typeof startScriptedModelServer>>;

before(async () => {
  homeDir = await mkdtemp(join(tmpdir(), "roost-in-a-home-"));
  model = await startScriptedModelServer({ script });
  home = await startSupervised({ directory: homeDir, modelUrl: model.url });
});

after(async () => {
  await home.stop();
  await model[Symbol.asyncDispose]();
  await rm(homeDir, { recursive: true, force: true });
});

/** A run of the agent that names the pond: it calls the same tool each time that it is let, and tells what it was told. */
async function watchPond(tool: string) {
  const told: string[] = [];
  let go = Promise.withResolvers<"look" | "end">();
  let heard = Promise.withResolvers<void>();
  model.setScript(async (request) => {
    const { userText, toolResults } = request;
    if (!userText.includes(tool)) return await script(request);
    if (toolResults.length > 0) told.push(toolResults.at(-1)!.text);
    heard.resolve();
    const next = await go.promise;
    go = Promise.withResolvers();
    return next === "end"
      ? "That is all."
      : { toolCalls: [{ name: "call_tool", arguments: { name: tool, arguments: {} } }] };
  });
  // Once its file is applied.
  const message = { sessionKey: `watch-${tool}`, agent: "keeper", text: `Watch ${tool}` };
  const { runId } = await untilThere(() => home.api.sendMessage(message));
  await heard.promise;
  return {
    async looks(): Promise<string> {
      heard = Promise.withResolvers();
      go.resolve("look");
      await heard.promise;
      return told.at(-1)!;
    },
    async ends(): Promise<void> {
      go.resolve("end");
      await untilThere(async () => ((await home.api.getRun({ runId })).run.state === "done" ? true : undefined));
    },
  };
}

const ask = async (path: string, body?: object) => {
  const response = await home.fetch(path, body && { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
};

test("The example of docs/services.md runs in a fresh home by what the page says, without a restart", async () => {
  for (const [path, text] of await readExample()) {
    await mkdir(dirname(join(homeDir, "services", path)), { recursive: true });
    await writeFile(join(homeDir, "services", path), text);
  }
  const enabled = await runCommand(homeDir, "service", "enable", "shelf");
  assert.match(enabled.printed, /shelf runs/);
  await ask("/services/shelf/books", { title: "Ubik", friend: "Mara" });
  const { items } = await ask("/services/shelf/books");
  assert.match(JSON.stringify(items), /"title":"Ubik"/);
  const { data } = await ask("/graphql", { query: "{ shelf_listBooks { items { title friend } } }" });
  assert.deepEqual(data, { shelf_listBooks: { items: [{ title: "Ubik", friend: "Mara" }] } });
});

test("peeps is enabled while Roost runs, and messages that come in fire the job that reads them for facts", async () => {
  const root = new URL("../../services/peeps/", import.meta.url);
  await copyFile(new URL("jobs/peeps-facts.yaml", root), join(homeDir, "jobs", "peeps-facts.yaml"));
  assert.match((await runCommand(homeDir, "service", "enable", "peeps")).printed, /peeps runs/);
  await untilThere(async () => (await home.api.getJob({ jobId: "peeps-facts" })).job);
  await untilThere(async () => (await home.api.getAgent({ agentId: "peeps-reader" })).agent);
  const client = createHttpClient(peepsContract, {
    baseUrl: `${home.url}/services/peeps`,
    token: home.token,
  });
  const ida = { kind: "phone", value: "+46701234567", name: "Ida Berg" } as const;
  const messages = Array.from({ length: messageCount }, (_, at) => ({
    source: "imessage" as const,
    externalId: `m${at}`,
    conversation: { id: "c", isGroup: false },
    isFromOwner: false,
    sender: ida,
    participants: [ida],
    sentAt: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString(),
    text: at === 7 ? "By the way, my partner Nils says hi" : `Message ${at}`,
    isDeleted: false,
    attachments: [],
  }));
  await client.receiveMessages({ messages });
  const [found] = await untilThere(async () => {
    const { items } = await client.listFacts({});
    return items.length > 0 ? items : undefined;
  });
  assert.deepEqual([found?.value, found?.name, found?.quote], ["Nils", "Ida Berg", "my partner Nils"]);
});

test("A service comes, changes and leaves while runs of agents use it: others answer all the time, and a change that may not be is refused with its path", async () => {
  const put = async (operations: string, event: string) => {
    await mkdir(join(homeDir, "services/pond"), { recursive: true });
    await writeFile(join(homeDir, "services/pond/service.ts"), pond(operations, event));
  };
  const answers = new Map<number, number>();
  const over = new AbortController();
  const calling = (async () => {
    while (!over.signal.aborted) {
      const { status } = await home.fetch("/services/shelf/books");
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  })();
  await put('"frogs"', "version: 1, schema: z.object({ deep: z.number() })");
  assert.match((await runCommand(homeDir, "service", "enable", "pond")).printed, /pond enabled in .*\npond runs\n/);
  const says = async (id: string) => {
    const response = await home.fetch(`/services/pond/${id}`);
    return response.status === 200 ? ((await response.json()) as { text: string }).text : undefined;
  };
  assert.equal(await says("frogs"), "frogs");
  assert.equal(await says("newts"), undefined);
  const before = await pidOf("services", homeDir);
  await mkdir(join(homeDir, "agents"), { recursive: true });
  await writeFile(join(homeDir, "agents/keeper.md"), "---\nservices: [pond]\n---\n\nLook.\n");
  const watching = await watchPond("pond_frogs");
  assert.match(await watching.looks(), /"text":"frogs"/);

  await put('"frogs", "newts"', "version: 2, schema: z.object({ deep: z.number(), wide: z.number().optional() })");
  assert.equal((await runCommand(homeDir, "service", "migrate", "pond")).printed, "pond: nothing to apply\n");
  assert.equal(await untilThere(() => says("newts")), "newts");
  await untilThere(async () => ((await pidOf("services", homeDir)) === before ? undefined : true));
  assert.match(await watching.looks(), /"text":"frogs"/, "a run that began before the change goes on");

  await put('"frogs"', "version: 3, schema: z.object({ deep: z.string(), wide: z.number() })");
  const refused = await runCommand(homeDir, "service", "migrate", "pond");
  assert.match(
    refused.printed,
    /pond: event "pond\.dug" version 3 is not \w+ compatible at \/?(properties\/)?(deep|wide)/,
  );
  assert.notEqual(refused.code, 0);
  assert.equal(await says("newts"), "newts");

  await put('"frogs"', "version: 2, schema: z.object({ deep: z.number(), wide: z.number().optional() })");
  const taken = await runCommand(homeDir, "service", "migrate", "pond");
  assert.match(taken.printed, /pond: service "pond" takes away what its callers know: newts: the operation is gone/);
  assert.match(await watching.looks(), /"text":"frogs"/, "what was refused disturbs no run");
  await watching.ends();
  const knowing = await watchPond("pond_newts");
  assert.match(await knowing.looks(), /"text":"newts"/, "agents go on with the contract that they know");
  const { items } = await home.api.listServices();
  assert.equal(items.find(({ name }) => name === "pond")?.state, "running");

  assert.equal(
    (await runCommand(homeDir, "service", "migrate", "pond", "--accept-breaks")).printed,
    "pond: nothing to apply\n",
  );
  await untilThere(async () => ((await says("newts")) === undefined ? true : undefined));
  assert.equal(await untilThere(() => says("frogs")), "frogs");
  // Workers find the new address a moment later than the gateway.
  const isTold = async () => ((await knowing.looks()).includes("Error (not_found)") ? true : undefined);
  assert.ok(await untilThere(isTold), "what was given up is told to who still calls it");
  await knowing.ends();

  assert.match((await runCommand(homeDir, "service", "disable", "pond")).printed, /pond has ended/);
  assert.equal(await says("frogs"), undefined);
  over.abort();
  await calling;
  assert.deepEqual([...answers.keys()], [200], "the other service answered all the time");
  assert.ok(answers.get(200)! > 20);
  for (const name of ["shelf", "peeps"]) await runCommand(homeDir, "service", "disable", name);
  await untilThere(async () =>
    (await readProcesses(homeDir)).some(({ name }) => name === "services") ? undefined : true,
  );
});
