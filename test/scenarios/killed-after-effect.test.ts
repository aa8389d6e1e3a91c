/** Scenario G of docs/scenarios.md: one run for each effect class, all cut off at once between the effect and its record. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Script } from "@roost/agent/testing";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { readSteps } from "../week/read-record.ts";
import type { World, WorldRequest } from "../../bench/src/week/start-world.ts";
import { startScene } from "./start-scene.ts";

const paths = { readonly: "/comments", idempotent: "/posts", queryable: "/orders", unsafe: "/mails" } as const;
type Effect = keyof typeof paths;
const effects = Object.keys(paths) as Effect[];

/** Each message names the effect class that its run is to try. */
const actOnce =
  ({ keyed, plain }: World): Script =>
  ({ messages, userText, toolResults }) => {
    if (messages.at(-1)?.role === "tool") return `It came to: ${toolResults[0]?.text}`;
    const calls = {
      readonly: { name: "http_fetch", arguments: { url: `${plain.url}${paths.readonly}` } },
      idempotent: { name: "http_send_keyed", arguments: { url: `${keyed.url}${paths.idempotent}`, body: "{}" } },
      queryable: { name: "order", arguments: { item: "tea" } },
      unsafe: { name: "http_send", arguments: { url: `${plain.url}${paths.unsafe}`, body: "{}" } },
    };
    return { toolCalls: [calls[/Try (\w+)/.exec(userText)![1] as Effect]] };
  };

test("G: kill -9 after a tool's effect and before its record repeats nothing blindly, whatever the effect class", async () => {
  await using scene = await startScene({ script: actOnce, hasMoreTools: true });
  const { home, world } = scene;
  const serverOf = (effect: Effect) => (effect === "idempotent" ? world.keyed : world.plain);
  const holds = effects.map((effect) => serverOf(effect).hold(paths[effect]));
  const runIds: string[] = [];
  for (const effect of effects)
    runIds.push((await home.api.sendMessage({ sessionKey: effect, text: `Try ${effect}` })).runId);
  await Promise.all(holds.map(({ arrived }) => arrived));
  await home.killWorkerOf(runIds[0]!);
  for (const hold of holds) hold.release();
  await home.addWorker();
  const texts: Record<string, string> = {};
  for (const [index, effect] of effects.entries()) {
    const { state, text } = await hearEnd(home, runIds[index]!);
    assert.equal(state, "done", `${effect}: ${text}`);
    texts[effect] = text;
  }

  const requests = (effect: Effect) => serverOf(effect).requests.filter(({ path }) => path === paths[effect]);
  const keysOf = (all: WorldRequest[]) => new Set(all.map(({ key }) => key)).size;
  assert.deepEqual(
    effects.map((effect) => [effect, requests(effect).length, keysOf(requests(effect))]),
    [
      ["readonly", 2, 1],
      ["idempotent", 2, 1],
      ["queryable", 1, 1],
      ["unsafe", 1, 1],
    ],
  );
  assert.equal(world.keyed.effects.length, 1, "the repeated one is done once under its key");
  assert.match(texts["queryable"]!, /ordered tea, the shop says/);
  assert.match(texts["unsafe"]!, /Outcome unknown/);
  const acted = (await readSteps(scene.database)).filter(({ kind }) => kind === "tool");
  assert.deepEqual(acted.map(({ effect, state, attempt }) => `${effect} ${state} ${attempt}`).toSorted(), [
    "idempotent done 2",
    "queryable done 1",
    "readonly done 2",
    "unsafe unknown 1",
  ]);
});
