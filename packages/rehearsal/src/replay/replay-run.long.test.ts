import assert from "node:assert/strict";
import { test } from "node:test";
import type { Script } from "@roost/agent/testing";
import { ReplayReport, starterToolNames } from "@roost/contract/operations";
import { applyAgents } from "@roost/jobs";
import { fingerprint } from "../testing/fingerprint.ts";
import { openReplayedHome, type ReplayedHome } from "../testing/open-replayed-home.ts";

const job = {
  id: "mail",
  session: "cron",
  prompt: "Look through the mail",
  trigger: { kind: "every", every: "1d" },
  tools: ["read_file", "set_state"],
};
const files = { "AGENTS.md": "Be brief.\nBe kind.\n", "work/mail/notes.md": "three letters" };

/** Reads, changes a state, answers. */
const script: Script = ({ toolResults }) => {
  if (toolResults.length === 0)
    return {
      text: "I look.",
      toolCalls: [
        { name: "read_file", arguments: { path: "work/mail/notes.md" } },
        { name: "read_file", arguments: { path: "missing.md" } },
      ],
    };
  if (toolResults.length === 2)
    return { toolCalls: [{ name: "set_state", arguments: { name: "mail", patch: { unread: 3 } } }] };
  return "Three letters.";
};
const names = [
  "context#1",
  "model#1",
  "tool:read_file#1",
  "tool:read_file#2",
  "model#2",
  "tool:set_state#3",
  "model#3",
];

async function openHome(options: { settings?: string } = {}): Promise<ReplayedHome> {
  const home = await openReplayedHome({ script, files, ...options });
  await home.define(job);
  return home;
}

/** As the contract has it, with the home and its database as they were. */
async function replay(home: ReplayedHome, runId: string, options: { fromSeq?: number } = {}): Promise<ReplayReport> {
  const [before, requestsBefore] = [await fingerprint(home.test.database, home.homeDir), home.requestCount()];
  const report = ReplayReport.parse(await home.replay(runId, options));
  assert.deepEqual(await fingerprint(home.test.database, home.homeDir), before);
  assert.equal(home.requestCount(), requestsBefore);
  return report;
}

const placeOf = ({ differences: [first] }: ReplayReport) => [first?.seq, first?.kind, first?.part];
const sidesOf = ({ differences: [first] }: ReplayReport) => [first?.recorded?.text, first?.replayed?.text];

test("replayRun() finds that a run would do the same, and changes nothing of it, of the log or of the home", async () => {
  await using home = await openHome();
  const run = await home.runJob("mail");
  assert.equal(run.state, "done");
  const report = await replay(home, run.id);
  assert.deepEqual(report.differences, []);
  assert.deepEqual([report.verdict, report.isComplete, report.answeredCount], ["same", true, 7]);
  assert.deepEqual(
    report.steps.map(({ name, outcome }) => [name, outcome]),
    names.map((name) => [name, "same"]),
  );
  assert.deepEqual(report.replayedEnd, report.recordedEnd);
  assert.deepEqual(report.job, { id: "mail", recordedVersion: 1, presentVersion: 1 });
  assert.deepEqual(report.agent, { id: "main", recordedVersion: 1, presentVersion: 1 });
  // The state that the run itself has changed, for one.
  assert.match(report.notCompared.map(({ seq, what }) => `${seq} ${what}`).join(), /^1 .*the moment/);
});

interface Change {
  title: string;
  change: (home: ReplayedHome) => Promise<void>;
  place: unknown[];
  sides: (string | null | undefined)[];
}

const changes: Change[] = [
  {
    title: "a home file says something else",
    change: (home) => home.write("AGENTS.md", "Be brief.\nBe thorough.\n"),
    place: [1, "context", "AGENTS.md, line 2"],
    sides: ["Be kind.\n", "Be thorough.\n"],
  },
  {
    title: "a home file is new",
    change: (home) => home.write("TOOLS.md", "Mind the gap."),
    place: [1, "context", "TOOLS.md"],
    sides: [undefined, "Mind the gap."],
  },
  {
    title: "the job asks for something else",
    change: (home) => home.define({ ...job, prompt: "Look through all mail" }),
    place: [1, "context", "what is asked, line 2"],
    sides: [/^Look through the mail/.source, /^Look through all mail/.source],
  },
  {
    title: "the job has other tools",
    change: (home) => home.define({ ...job, tools: ["read_file", "set_state", "list_files"] }),
    place: [2, "request", "tools: with list_files"],
    sides: ["read_file, set_state", "list_files, read_file, set_state"],
  },
  {
    title: "the job names another model",
    change: (home) => home.define({ ...job, model: "larger" }),
    place: [2, "request", "model"],
    sides: ["scripted", "larger"],
  },
  {
    title: "the agent has other instructions",
    change: (home) => home.write("roost.yaml", 'agents: { main: { prompt: "You are terse." } }\n'),
    place: [1, "context", "Instructions"],
    sides: [undefined, "You are terse."],
  },
];

test("replayRun() finds the step at which the agent or the job of today would first differ, with both sides", async (t) => {
  await using home = await openHome();
  const run = await home.runJob("mail");
  for (const { title, change, place, sides } of changes) {
    await t.test(title, async () => {
      await change(home);
      const report = await replay(home, run.id);
      assert.equal(report.verdict, "diverged");
      assert.deepEqual([placeOf(report), report.differenceCount], [place, 1], JSON.stringify(report.differences));
      for (const [index, side] of sidesOf(report).entries())
        if (sides[index] === undefined) assert.equal(side, undefined);
        else assert.match(side ?? "", new RegExp(sides[index]!));
      // What a difference in words does not change is answered and compared all the same.
      assert.deepEqual([report.isComplete, report.answeredCount], [true, 7]);
      await home.define(job);
      await home.write("roost.yaml", "");
      for (const [path, text] of Object.entries({ ...files, "TOOLS.md": "" })) await home.write(path, text);
      assert.equal((await replay(home, run.id)).verdict, "same");
    });
  }
});

test("replayRun() says which agent it was and which it is today, applied or not", async () => {
  await using home = await openHome();
  const run = await home.runJob("mail");
  await home.write("roost.yaml", 'agents: { main: { prompt: "You are terse." } }\n');
  assert.deepEqual((await replay(home, run.id)).agent, { id: "main", recordedVersion: 1, presentVersion: null });
  const terse = { prompt: "You are terse.", tools: starterToolNames };
  await applyAgents(home.kernel, { main: terse }, { by: "test", source: "roost.yaml" });
  assert.deepEqual((await replay(home, run.id)).agent, { id: "main", recordedVersion: 1, presentVersion: 2 });
});

/** What a program of another time may have recorded, as statements over the steps of the run. */
const recordings: { title: string; sql: string; place: unknown[]; sides: (RegExp | undefined)[]; answered: number }[] =
  [
    {
      title: "another step",
      sql: "update roost.step set name = 'tool:list_files#2' where seq = 4",
      place: [4, "step", ""],
      sides: [/^tool:list_files#2 \(tool\)/, /^tool:read_file#2 \(tool\) .*missing/],
      answered: 3,
    },
    {
      title: "another input",
      sql: `update roost.step set input = jsonb_set(input, '{patch,unread}', '4') where seq = 6`,
      place: [6, "input", "patch.unread"],
      sides: [/^4$/, /^3$/],
      answered: 5,
    },
    {
      title: "another effect class",
      sql: "update roost.step set effect = 'unsafe' where seq = 6",
      place: [6, "effect", ""],
      sides: [/^unsafe$/, /^idempotent$/],
      answered: 7,
    },
    {
      title: "another message to the model",
      sql: `update roost.step set output = jsonb_set(output, '{request,messages,1}', '"another"') where seq = 5`,
      place: [5, "request", "message 4 of 5 (tool)"],
      sides: [/another/, /three letters/],
      answered: 7,
    },
    {
      title: "an end where the program goes on",
      sql: "delete from roost.step where seq > 5",
      place: [6, "not_recorded", ""],
      sides: [/^the end: done/, /^tool:set_state#3 \(tool\)/],
      answered: 5,
    },
    {
      title: "steps after the program's end",
      sql: `insert into roost.step select (jsonb_populate_record(s, '{"seq": 8, "name": "notice"}')).* from roost.step s where seq = 6`,
      place: [8, "not_asked", ""],
      sides: [/^notice \(tool\)/, /^the end: done .*Three letters/],
      answered: 7,
    },
    {
      title: "another answer",
      sql: `update roost.run set output = jsonb_set(output, '{text}', '"Four letters."')`,
      place: [null, "end", "output.text"],
      sides: [/^Four letters\.$/, /^Three letters\.$/],
      answered: 7,
    },
  ];

test("replayRun() finds the step at which the program of today would first differ, with both sides", async (t) => {
  await using home = await openHome();
  const run = await home.runJob("mail");
  const { database } = home.test;
  // An ended run never changes; here it is another that has ended otherwise.
  await database.query("alter table roost.run disable trigger user");
  await database.query("create table kept_step as select * from roost.step");
  await database.query("create table kept_run as select * from roost.run");
  for (const { title, sql, place, sides, answered } of recordings) {
    await t.test(title, async () => {
      await database.query(sql);
      const report = await replay(home, run.id);
      assert.deepEqual([placeOf(report), report.verdict], [place, "diverged"], JSON.stringify(report.differences));
      for (const [index, side] of sidesOf(report).entries()) assert.match(side ?? "", sides[index]!);
      assert.equal(report.answeredCount, answered);
      await database.query("delete from roost.step");
      await database.query("insert into roost.step select * from kept_step");
      await database.query("update roost.run set output = kept_run.output from kept_run where run.id = kept_run.id");
    });
  }
});

test("replayRun() answers the steps before one, and shows what would be asked at it without asking", async () => {
  await using home = await openHome();
  const run = await home.runJob("mail");
  const first = await replay(home, run.id, { fromSeq: 2 });
  assert.deepEqual([first.answeredCount, first.isComplete, first.verdict], [1, false, "same"]);
  const { request, ...next } = first.next!;
  assert.deepEqual([next.seq, next.name, next.effect, next.isUntrusted], [2, "model#1", "readonly", false]);
  assert.deepEqual([request?.model, request?.tools.map(({ name }) => name)], ["scripted", ["read_file", "set_state"]]);
  assert.match(request!.sections.find(({ name }) => name === "AGENTS.md")!.text, /Be kind/);
  assert.match(request!.messages.at(-1)!.text, /Look through the mail/);

  const tool = await replay(home, run.id, { fromSeq: 6 });
  assert.deepEqual(tool.next?.input, { name: "mail", patch: { unread: 3 } });
  assert.deepEqual([tool.next?.request, tool.answeredCount], [null, 5]);

  const last = await replay(home, run.id, { fromSeq: 7 });
  assert.deepEqual([last.next?.seq, last.answeredCount, last.isComplete], [7, 6, false]);
  await assert.rejects(home.replay(run.id, { fromSeq: 8 }), { code: "invalid_input", message: /from 1 to 7$/ });
});

test("replayRun() compares the request of the step that it stops at, too", async () => {
  await using home = await openHome();
  const run = await home.runJob("mail");
  await home.define({ ...job, tools: ["read_file"] });
  const report = await replay(home, run.id, { fromSeq: 2 });
  // The context tells nothing of a state to an agent that cannot set one.
  assert.deepEqual(
    report.differences.map(({ seq, kind, part }) => [seq, kind, part]),
    [
      [1, "context", "This session, line 2"],
      [2, "request", "tools: without set_state"],
    ],
  );
  // The state is set all the same in the record: today's agent has no such tool, which has no effect.
  const whole = await replay(home, run.id);
  assert.deepEqual(
    whole.differences.map(({ seq, kind }) => [seq, kind]),
    [
      [1, "context"],
      [2, "request"],
      [6, "effect"],
    ],
  );
  assert.deepEqual(
    whole.steps.filter(({ outcome }) => outcome === "differs").map(({ seq }) => seq),
    [1, 2, 5, 6, 7],
  );
});
