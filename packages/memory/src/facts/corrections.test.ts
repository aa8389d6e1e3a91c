/** After a correction the old value stands in no prompt, but where a person or a model said it: with a note. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { remember } from "../notes/remember.ts";
import { findStaleLines } from "../recall/find-stale-lines.ts";
import { recall } from "../recall/recall.ts";
import { sendMessage } from "../sessions/send-message.ts";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { createTestWorker, startJobRun } from "../testing/run-agent.ts";
import {
  correctText,
  correctValue,
  noteOfAnswer,
  noteOfCorrections,
  noteOfRun,
  readCorrections,
  type Correction,
} from "./corrections.ts";
import type { BuiltContext } from "../context/build-context.ts";

const as = { kind: "main" as const };
const lives = (value: string) => ({ subject: "Anna", attribute: "lives in", value });

/** Every text of a prompt, line by line. */
function linesOf({ context }: BuiltContext): string[] {
  const texts: string[] = [];
  const collect = (value: unknown) => {
    if (typeof value === "string") texts.push(...value.split("\n"));
    else if (typeof value === "object" && value !== null) for (const each of Object.values(value)) collect(each);
  };
  collect(context.sections);
  collect(context.messages);
  return texts;
}

test("Z: a corrected value stands in no section, digest, summary or recalled line, and what was said of it has a note", async () => {
  await using home = await createTestMemory({
    files: { "HEARTBEAT.md": "Look after Anna.", "USER.md": "My sister Anna lives in Berlin.\n" },
  });
  const { memory } = home;
  await using worker = await createTestWorker(memory);
  // It is said, remembered, answered with, reported by a job, and summarised.
  await sendMessage(memory, { sessionKey: "main", text: "Anna lives in Berlin, near the canal" });
  const run = await worker.claim();
  const said = await worker.begin(run);
  await remember(memory, {
    text: "Anna lives in Berlin",
    parts: lives("Berlin"),
    as,
    by: "session:main",
    runId: run.id,
    sessionKey: "main",
    sessionKind: "main",
  });
  await worker.reply(run, "Noted: she is in Berlin now.");
  await startJobRun(home.kernel, { jobId: "letters", kind: "cron" });
  await worker.turn("A letter for Anna in Berlin is on its way.");
  await remember(memory, {
    text: "Anna asked for a map of Berlin",
    as: { kind: "cron", jobId: "letters" },
    by: "job:letters",
  });
  await sendMessage(memory, { sessionKey: "main", text: "What is new?" });
  const summary = {
    role: "summary" as const,
    text: "Anna, who is in Berlin, has moved",
    messageCount: 2,
    method: "model" as const,
  };
  await worker.turn("A letter.", {
    summarised: {
      message: { ...summary, labels: ["aud:main", "trust:agent"] },
      throughTurn: said.turnSeq!,
      tokensBefore: 9,
      tokensAfter: 3,
    },
  });
  const contexts = async () => {
    await sendMessage(memory, { sessionKey: "main", text: "And now?" });
    const main = (await worker.turn("Well.")).built;
    await startJobRun(home.kernel, { jobId: "beat", kind: "heartbeat" });
    const heartbeat = (await worker.turn("HEARTBEAT_OK")).built;
    await startJobRun(home.kernel, { jobId: "letters", kind: "cron" });
    const cron = (await worker.turn("Nothing.")).built;
    return { main, heartbeat, cron };
  };
  const before = await contexts();
  for (const [name, built] of Object.entries(before))
    assert.ok(
      linesOf(built).some((line) => line.includes("Berlin")),
      `${name} knew it`,
    );
  assert.ok(
    linesOf(before.main).some((line) => line.includes("who is in Berlin")),
    "the summary stood in the prompt",
  );

  await remember(memory, { text: "Anna lives in Munich", parts: lives("Munich"), as, by: "cli" });

  const after = await contexts();
  const note = /^\[Roost\] corrected since: Anna lives in Munich$/;
  for (const [name, built] of Object.entries(after)) {
    const lines = linesOf(built);
    for (const [index, line] of lines.entries()) {
      if (!line.includes("Berlin")) continue;
      const isSaid = /near the canal|Noted: she is/.test(line);
      assert.ok(isSaid && note.test(lines[index + 1] ?? ""), `${name}: ${line}\n${lines[index + 1]}`);
    }
  }
  const main = linesOf(after.main);
  // The summary is stale: the turns that it stood for are there again.
  assert.ok(main.some((line) => line.includes("near the canal")));
  assert.ok(!main.some((line) => line.includes("has moved")));
  assert.ok(main.some((line) => line.includes("**Anna** lives in: Munich")));
  assert.ok(main.some((line) => line === "My sister Anna lives in [corrected: Munich]."));
  // A job is not told what only main knows.
  assert.ok(!linesOf(after.cron).some((line) => line.includes("Munich")));
  assert.ok(linesOf(after.cron).some((line) => line.includes("A letter for Anna in [no longer true]")));
  for (const query of ["where does Anna live", "Berlin", "canal", "letter"]) {
    const { lines } = await recall(memory, { query, as, limit: 50, tokensMax: 8_000, withMarked: true });
    assert.ok(lines.length > 0);
    for (const { text } of lines) assert.ok(!text.includes("Berlin"), text);
  }
  // What the files hold is the person's.
  assert.match(await home.read("USER.md"), /Berlin/);
});

test("correctText() means whole words of the fact's own subject, and what its run said", () => {
  const correction: Correction = {
    wrong: "Ulm",
    restingRuns: [],
    staleLines: [],
    right: "Bonn",
    subject: "Ida",
    statement: "Ida lives in Bonn",
    runId: "r",
    isPrivate: false,
  };
  assert.equal(
    correctText("Ida is in ULM.\nUlm is a town", [correction]),
    "Ida is in [corrected: Bonn].\nUlm is a town",
  );
  assert.equal(correctText("Ida knows Ulmer", [correction]), "Ida knows Ulmer");
  assert.equal(correctText("in Ulm", [correction], "r"), "in [corrected: Bonn]");
  assert.equal(noteOfCorrections("in Ulm", [correction]), undefined);
  assert.deepEqual(correctValue({ a: ["Ida, Ulm", 1] }, [{ ...correction, right: null }]), {
    a: ["Ida, [no longer true]", 1],
  });
  assert.deepEqual(correctValue({ subject: "Ida", value: "Ulm" }, [correction]), {
    subject: "Ida",
    value: "[corrected: Bonn]",
  });
  // What holds may have the old words in it.
  const east = { ...correction, right: "Neu-Ulm" };
  assert.equal(correctText("Ida lives in Neu-Ulm", [east]), "Ida lives in Neu-Ulm");
});

test("A note names of whom something is no longer true only to who may know it, or where the text says it", () => {
  const hidden: Correction = {
    wrong: "Ulm",
    restingRuns: ["r"],
    staleLines: [],
    right: null,
    subject: "Ida",
    statement: null,
    runId: "r",
    isPrivate: true,
  };
  const unnamed = "[Roost] corrected since: what it says of this is no longer true";
  const named = "[Roost] corrected since: what it says of Ida is no longer true";
  assert.equal(noteOfRun("r", [hidden]), unnamed);
  assert.equal(noteOfAnswer("She has moved", [hidden], "r"), unnamed);
  assert.equal(noteOfCorrections("She is in Ulm", [hidden], "r"), unnamed);
  assert.equal(noteOfAnswer("Ida is in Ulm", [hidden], "r"), named);
  assert.equal(noteOfRun("r", [{ ...hidden, isPrivate: false }]), named);
});

test("findStaleLines() notes lines of files that say in other words what was corrected, and tells the person where they stand", async () => {
  const line = "My sister Anna has an estate of Volvo's, the red one.";
  const table = ["| car | seats |", "| --- | --- |", "| estate, Volvo, red | 5 |", "| tent, red | 2 |"];
  await using home = await createTestMemory({
    files: {
      "USER.md": `# Family\n\n${line}\nHer brother has a red bicycle.\n`,
      "notes/cars.md": "## Anna\n\n- the Volvo estate, red, needs new tyres\n- a tent\n",
      "notes/others.md":
        "A red Volvo estate is parked at the corner.\nAnna gave her red Volvo estate away and drives a blue Tesla.\n",
      "notes/seats.md": `# Anna\n\n${table.join("\n")}\n\n\`\`\`\nthe Volvo stands before the garden fence, which is\nan estate, a red one\n\`\`\`\n`,
    },
  });
  const { memory } = home;
  const drives = (value: string) => ({ subject: "Anna", attribute: "drives", value });
  const say = (value: string) =>
    remember(memory, { text: `Anna drives ${value}`, parts: drives(value), as, by: "session:main" });
  await say("a red Volvo estate");
  assert.equal(await findStaleLines(memory), false, "nothing is closed");
  await say("a blue Tesla");
  assert.equal(await findStaleLines(memory), false);
  const notices = async () => (await home.events("notices")).map(({ data }) => String(data["text"]));
  assert.match(
    (await notices()).join(),
    /of Anna was corrected.*: USER\.md line 3, notes\/cars\.md line 3, notes\/seats\.md line 3, notes\/seats\.md line 8\. /,
  );
  await using worker = await createTestWorker(memory);
  await sendMessage(memory, { sessionKey: "main", text: "hello" });
  const { built } = await worker.turn("Well.");
  const shown = linesOf(built).filter((each) => each.includes("red"));
  assert.ok(shown.includes(`${line} [Roost] corrected since: Anna drives a blue Tesla`), shown.join("\n"));
  const { lines } = await recall(memory, { query: "tyres of the Volvo", as });
  assert.match(lines[0]?.text ?? "", /new tyres \[Roost\] corrected since: Anna drives a blue Tesla$/);
  // What stands beside them says nothing of it, here or anywhere.
  const corrections = await readCorrections(home.kernel.database, as);
  const noted = (text: string) => text.split("\n").filter((each) => correctText(each, corrections) !== each);
  assert.deepEqual(noted(`${await home.read("USER.md")}${await home.read("notes/seats.md")}`), [
    line,
    table[2],
    "the Volvo stands before the garden fence, which is",
    "an estate, a red one",
  ]);
  const named = { name: "Anna", text: line };
  assert.deepEqual(correctValue(named, corrections), { ...named, text: correctText(line, corrections) });
  await findStaleLines(memory);
  assert.equal((await notices()).length, 1, "it is told once");
  // What was closed long ago is not searched for, and not looked at again.
  await say("a green Fiat");
  await home.test.clock.advance(8 * 86_400_000);
  assert.equal(await findStaleLines(memory), false);
  assert.deepEqual(
    await home.kernel.database.query("select value from memory.fact where not is_searched order by id"),
    [{ value: "a green Fiat" }],
  );
  assert.equal((await notices()).length, 1);
});
