/** Scenario S of docs/scenarios.md: everything is killed between two events of a run, as often as a test asks for. */
import assert from "node:assert/strict";
import type { Script } from "@roost/agent/testing";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { readGaps, readRuns } from "../week/read-record.ts";
import type { World } from "../../bench/src/week/start-world.ts";
import { createEventGate } from "./create-event-gate.ts";
import { startScene, type Scene } from "./start-scene.ts";

/** Sets a marker on a server that honours keys, and says so. */
const setMarker =
  ({ keyed }: World): Script =>
  ({ messages, userText }) => {
    // Earlier turns are in it as well, quoted because they rest on what the server answered.
    const marker = [...userText.matchAll(/^Set marker (\S+)/gm)].at(-1)?.[1] ?? "none";
    const body = JSON.stringify({ marker });
    if (messages.at(-1)?.role === "tool") return `Marker ${marker} is set`;
    return { toolCalls: [{ name: "http_send_keyed", arguments: { url: `${keyed.url}/markers`, body } }] };
  };

async function killAll({ home }: Scene): Promise<void> {
  await Promise.all([home.gateway, ...home.workers].map((program) => program.kill("SIGKILL")));
}

async function sendMarker({ home }: Scene, marker: string): Promise<string> {
  const message = { sessionKey: "main", text: `Set marker ${marker}`, idempotencyKey: marker };
  return (await home.api.sendMessage(message)).runId;
}

async function checkMarker({ world, home }: Scene, marker: string): Promise<void> {
  const { messages } = await home.api.getSession({ sessionKey: "main" });
  const said = messages.items.filter(
    ({ text }) => `${text} `.toLowerCase().includes(` marker ${marker} `) || text.startsWith(`Marker ${marker} `),
  );
  assert.deepEqual(
    said.map(({ role, text }) => `${role}: ${text}`),
    [`user: Set marker ${marker}`, `assistant: Marker ${marker} is set`],
  );
  const setCount = world.keyed.effects.filter(({ body }) => body["marker"] === marker).length;
  assert.equal(setCount, 1, "the marker is set once");
}

/** Behind the events of each transaction of a run, or of each second, third, … one. */
export async function killBetweenEvents({ every }: { every: number }): Promise<void> {
  await using scene = await startScene({ script: setMarker });
  const gate = await createEventGate(scene.database);
  const undisturbed = await sendMarker(scene, "m0");
  assert.equal((await hearEnd(scene.home, undisturbed)).state, "done");
  await checkMarker(scene, "m0");
  const transactions = await gate.readTransactions();
  assert.ok(transactions.length >= 4, `the run's events came in ${transactions.length} transactions`);

  let eventCount = 0;
  let killCount = 0;
  for (const [place, count] of [...transactions, 0].entries()) {
    const behind = eventCount;
    eventCount += count;
    if (place % every !== 0) continue;
    killCount += 1;
    const marker = `m${place + 1}`;
    const isLast = place === transactions.length;
    const closed = await gate.close(behind);
    // Before the first event it is the message that is held, and it is not acknowledged yet.
    const sent = sendMarker(scene, marker).catch(() => undefined);
    await (isLast ? hearEnd(scene.home, (await sent)!) : closed.reached());
    await killAll(scene);
    await closed.open();
    await Promise.all([scene.home.addGateway(), scene.home.addWorker()]);
    const runId = (await sent) ?? (await sendMarker(scene, marker));
    const end = await hearEnd(scene.home, runId);
    assert.deepEqual(end, { state: "done", text: `Marker ${marker} is set` }, `killed after ${behind} events`);
    await checkMarker(scene, marker);
  }
  assert.equal((await readRuns(scene.database)).length, killCount + 1, "one run for each message");
  assert.deepEqual(await readGaps(scene.database), []);
}
