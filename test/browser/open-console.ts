/** A home with a scripted model and some work in it, and its console in a browser. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedModelServer } from "@roost/agent/testing";
import { startSupervised, type StartedHome } from "../scenarios/start-supervised.ts";
import { systemClock } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createConsoleModel } from "./console-script.ts";
import { connectPeeps, fillPeople, type PeepsApi } from "./fill-people.ts";

export interface ConsoleHome extends AsyncDisposable {
  api: StartedHome["api"];
  peeps: PeepsApi;
  url: string;
  directory: string;
  /** Of the model's server. */
  modelUrl: string;
  /** Of a link that signs one browser in and leads to the path. */
  link(path?: string): Promise<string>;
  release(): void;
}

export interface OpenConsoleOptions {
  /** A new home without a model, a job or a service, as a person finds it; the model's server runs. */
  isNew?: boolean;
}

/** The console is built and served when this resolves. */
export async function openConsole({ isNew = false }: OpenConsoleOptions = {}): Promise<ConsoleHome> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "roost-console-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const model = createConsoleModel();
  const server = opened.use(await startScriptedModelServer({ script: model.script }));
  const home = await startSupervised({
    directory,
    ...(isNew ? {} : { modelUrl: server.url, services: ["peeps"] }),
  });
  opened.defer(() => home.stop());
  opened.defer(() => model.release());
  await untilServed(home);
  if (!isNew) await until(async () => (await home.api.listServices({})).items.some(({ state }) => state === "running"));
  const owned = opened.move();
  return {
    api: home.api,
    peeps: connectPeeps(home),
    url: home.url,
    directory,
    modelUrl: server.url,
    release: () => model.release(),
    async link(path = "/") {
      const { code } = await home.api.createSignInCode();
      return `${home.url}${path}#sign-in=${code}`;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The gateway is up before the console is built, and says so. */
async function untilServed(home: StartedHome): Promise<void> {
  await until(async () => {
    const response = await fetch(home.url, { headers: { accept: "text/html" } });
    const page = await response.text();
    if (response.status !== 200 && response.status !== 503)
      throw new Error(`the console is not served: ${response.status} ${page}`);
    return response.status === 200;
  });
}

/** Conversations, runs that ended well and badly, one that goes on, one that asks. */
export async function fillHome({ api, peeps }: Pick<ConsoleHome, "api" | "peeps">): Promise<void> {
  await fillPeople(peeps, systemClock.nowMs());
  const send = async (sessionKey: string, text: string) => {
    const { runId } = await api.sendMessage({ sessionKey, text, source: "console" });
    return runId;
  };
  const end = async (runId: string) => {
    for await (const { data } of api.watchRun({ runId })) if (data.kind === "over") return;
  };
  await end(await send("main", "Which posts of last week were read most? A table, please."));
  await end(await send("talk-garden", "Set the state of the blog, please"));
  await end(await send("talk-broken", "Please break"));
  await api.runJob({ jobId: "weekly-review" });
  await api.defineJob({
    jobId: "letters",
    title: "Letters to the blog",
    trigger: { kind: "manual" },
    session: "cron",
    prompt: "Read the letters of readers, and ask me where you must not decide alone.",
  });
  const { tick } = await api.runJob({ jobId: "letters" });
  for await (const { data } of api.watchRun({ runId: tick.runId ?? "" }))
    if (data.kind === "event" && data.event.type === "run.waiting") break;
  await send("talk-long", "Hold on for a while");
}
