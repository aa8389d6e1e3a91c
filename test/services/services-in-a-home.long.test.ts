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
import { readExample, runCommand, until } from "./home-services.fixture.ts";

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
  await until(async () => (await home.api.getJob({ jobId: "peeps-facts" })).job);
  await until(async () => (await home.api.getAgent({ agentId: "peeps-reader" })).agent);
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
  const [found] = await until(async () => {
    const { items } = await client.listFacts({});
    return items.length > 0 ? items : undefined;
  });
  assert.deepEqual([found?.value, found?.name, found?.quote], ["Nils", "Ida Berg", "my partner Nils"]);
});
