/**
 * A scripted week in which a fact is said, remembered, answered with in other words, summarised and concluded from, and then corrected. Every prompt
 * of the days after is searched: sections, digests, summaries, recalled lines, results of tools.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, type JsonObject } from "@roost/base";
import { listSteps } from "@roost/kernel";
import { compactSession, createNightlyLoop, listFacts, remember, sendMessage } from "@roost/memory";
import { createAgentHandler } from "./create-agent-handler.ts";
import { executeRun } from "./execute-run.ts";
import { jobRun, openTestHome, type TestHome } from "./testing/open-test-home.ts";
import { startRun } from "./testing/start-worker.ts";

const anna = (value: string) => ({ subject: "Anna", attribute: "lives in", value });
const day = (number: number, time: string) => new Date(`2026-03-0${number}T${time}Z`);
const call = (name: string, given: JsonObject = {}) => ({ name, arguments: given });

interface Prompt {
  title: string;
  role: string;
  text: string;
}

interface Player {
  home: TestHome;
  /** Every text of every prompt so far; calls are the model's own words. */
  prompts: Prompt[];
  /** The ids of the runs, in their order. */
  runs: string[];
}

/** The run makes the calls, then says the text. */
async function play({ home, prompts, runs }: Player, runId: string, text: string, calls = [] as JsonObject[]) {
  const { run } = await home.claim(runId);
  const left = [...calls];
  home.setScript(({ messages }) => {
    for (const { role, content } of messages) prompts.push({ title: run.title ?? "", role, text: content ?? "" });
    const next = left.shift();
    return next === undefined ? text : { toolCalls: [next as ReturnType<typeof call>] };
  });
  const handlers = { agent: createAgentHandler(home.handlerOptions) };
  assert.ok(
    await executeRun({ kernel: home.kernel, handlers, logger: silentLogger }, run, new AbortController().signal),
  );
  assert.equal(left.length, 0, `${run.title}: all calls were made`);
  runs.push(runId);
}

async function ask(player: Player, text: string, answer: string, calls: JsonObject[] = []): Promise<void> {
  const { runId } = await sendMessage(player.home.memory, { sessionKey: "main", text });
  await play(player, runId, answer, calls);
}

async function job(player: Player, kind: "cron" | "heartbeat", answer: string, calls: JsonObject[] = []) {
  const run =
    kind === "cron" ? jobRun("letters") : { ...jobRun("beat"), sessionKind: kind, sessionKey: "heartbeat:main" };
  await play(player, await startRun(player.home.kernel, run), answer, calls);
}

async function night(player: Player, facts: JsonObject[]): Promise<void> {
  const { memory, kernel } = player.home;
  const loop = createNightlyLoop(memory)!;
  await loop.look();
  const [run] = await kernel.database.query<{ id: string }>("select run_id as id from memory.nightly");
  await play(player, run!.id, JSON.stringify({ facts }));
  await loop.look();
}

test("Z: in a week's prompts a corrected value stands nowhere, and what was said with it in any words has a note", async () => {
  await using home = await openTestHome({
    files: {
      "USER.md": "My sister Anna lives in Berlin.\n",
      "HEARTBEAT.md": "Look after Anna.\n",
      "MEMORY.md": "- Anna, my sister, is in Berlin\n",
    },
    settings: { timeZone: "UTC", memory: { nightly: { enabled: true, at: "04:00" } } },
  });
  const player: Player = { home, prompts: [], runs: [] };
  const { memory, test: lab } = home;
  const as = { kind: "main" as const };

  await lab.clock.set(day(1, "09:00:00"));
  const remembered = call("remember", { text: "Anna lives in Berlin", ...anna("Berlin") });
  await ask(player, "Anna lives in Berlin, near the canal", "Noted: she is in Berlin now.", [remembered]);
  await job(player, "cron", "A letter for Anna in Berlin is on its way.", [
    call("remember", { text: "Anna asked for a map of Berlin" }),
  ]);
  await lab.clock.set(day(2, "09:00:00"));
  await night(player, [{ text: "Anna pays her taxes in the German capital" }]);
  await ask(player, "Where does Anna live?", "In the German capital.", [
    call("recall", { query: "where does Anna live" }),
  ]);
  const note = { path: "memory/anna.md", text: "Anna in Berlin: ring twice.\n" };
  await ask(player, "Note how to ring at Anna's", "It is noted.", [call("write_file", note)]);
  await ask(player, "What is the weather?", "It rains.");
  await job(player, "heartbeat", "HEARTBEAT_OK");
  await lab.clock.set(day(3, "09:00:00"));
  await ask(player, "What did we say of her home?", "That it is where the Reichstag stands.", [
    call("read_run", { runId: player.runs.at(-4)! }),
    call("recall", { query: "Anna home" }),
  ]);
  await play(player, (await compactSession(memory, "main")).runId, "They spoke of Anna, who is in the capital.");
  await ask(player, "And today?", "Nothing new.");
  const before = player.prompts.map(({ text }) => text).join("\n");
  for (const known of ["is in Berlin", "who is in the capital", "A letter for Anna in Berlin"])
    assert.ok(before.includes(known), known);

  await lab.clock.set(day(4, "09:00:00"));
  await remember(memory, { text: "Anna lives in Munich", parts: anna("Munich"), as, by: "cli" });
  const [earlier, from] = [[...player.runs], player.prompts.length];
  for (const number of [4, 5, 7]) {
    await lab.clock.set(day(number, "10:00:00"));
    await night(player, []);
    await ask(player, "Good morning", "Good morning.", [
      ...["where does Anna live", "canal", "letter", "capital", "map", "taxes"].map((query) =>
        call("recall", { query, limit: 50, marked: true }),
      ),
      ...["USER.md", "MEMORY.md", "memory/2026-03-01.md", "memory/anna.md"].map((path) => call("read_file", { path })),
    ]);
    await ask(player, "What happened?", "All is well.", [
      call("search_files", { query: "Anna" }),
      call("list_runs", {}),
      call("read_log", { topics: ["home", "runs"], limit: 100 }),
      ...earlier.slice(0, 4).map((runId) => call("read_run", { runId, withSteps: true })),
    ]);
    await job(player, "heartbeat", "HEARTBEAT_OK");
    await job(player, "cron", "No letters.");
  }

  // What was said keeps its words; below it stands what holds.
  const said = /near the canal|Noted: she is in Berlin/;
  const holds = /\[Roost\] corrected since: (?:Anna lives in Munich|what it says of (?:Anna|this) is no longer true)/;
  let [saidCount, otherWordsCount] = [0, 0];
  for (const { title, role, text } of player.prompts.slice(from)) {
    const lines = text.split("\n");
    for (const [index, line] of lines.entries()) {
      if (/Reichstag|^In the German capital|: In the German capital/.test(line) && role !== "tool") {
        otherWordsCount += 1;
        assert.match(lines[index + 1] ?? line, holds, `${title}: ${line}`);
      }
      if (!/berlin/i.test(line)) continue;
      saidCount += 1;
      assert.ok(role !== "tool" && said.test(line) && holds.test(lines[index + 1] ?? ""), `${title}: ${role}: ${line}`);
    }
    assert.ok(!text.includes("who is in the capital"), `${title}: the summary is stale`);
  }
  assert.ok(saidCount > 0 && otherWordsCount > 0, `${saidCount} ${otherWordsCount}`);
  assert.ok(
    !player.prompts.slice(from).some(({ text }) => /It rains\.\n\[Roost\]/.test(text)),
    "of other things no note",
  );
  const after = player.prompts.slice(from).map(({ text }) => text);
  // What a model concluded from it waits for a person.
  const concluded = (await listFacts(memory, { limit: 50 })).find(({ extractor }) => extractor === "nightly")!;
  assert.deepEqual(
    [concluded.isClaim, concluded.reason],
    [true, "it was concluded from what was corrected: Anna lives in Berlin"],
  );
  assert.ok(after.some((text) => text.includes("in the German capital (claimed by nightly, not accepted)")));
  assert.ok(after.some((text) => text.includes("**Anna** lives in: Munich")));
  assert.equal((await listSteps(home.kernel.database, earlier[0]!)).length > 0, true);
});
