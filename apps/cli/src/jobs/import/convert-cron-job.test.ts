import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJobs } from "../read-job-files.ts";
import { convertCronJob, keepUnreadable } from "./convert-cron-job.ts";
import type { CronJob } from "./cron-job.ts";

const nowMs = Date.parse("2026-03-14T12:00:00Z");
const timeZone = "America/Los_Angeles";
const cron = { kind: "cron", expr: "0 6 * * *", tz: "UTC" };

function convert(job: Partial<CronJob>, here?: { trigger: { kind: "at"; at: string }; enabled: boolean }) {
  const source = { id: "a", schedule: cron, payload: { kind: "agentTurn", message: "go" }, ...job } as CronJob;
  return convertCronJob(source, { nowMs, timeZone, here });
}

test("convertCronJob() leaves a cron without a zone in the one that an earlier import pinned, unless a person names another", () => {
  const source = {
    id: "a",
    schedule: { kind: "cron", expr: "0 9 * * *" },
    payload: { kind: "agentTurn", message: "go" },
  };
  const pinned = { enabled: true, trigger: { kind: "cron", expression: "0 8 * * *", timeZone: "Asia/Tokyo" } } as const;
  const zoneOf = (options: object) => {
    const { trigger } = convertCronJob(source, { nowMs, timeZone, ...options }).job;
    return trigger.kind === "cron" ? trigger.timeZone : undefined;
  };
  assert.equal(zoneOf({}), timeZone);
  assert.equal(zoneOf({ here: pinned }), "Asia/Tokyo");
  assert.equal(zoneOf({ here: pinned, isZoneGiven: true }), timeZone);
});

test("convertCronJob() keeps an interval that is none, a cron without its expression and an empty message disabled, with the reason", () => {
  const rows: [job: Partial<CronJob>, says: RegExp][] = [
    [{ schedule: { kind: "every", everyMs: -5 } }, /no interval above 0 \(-5 ms\): it is kept, disabled/],
    [{ schedule: { kind: "every", everyMs: 0 } }, /no interval above 0/],
    [{ schedule: { kind: "every" } }, /no interval above 0: /],
    [{ schedule: { kind: "cron" } }, /no cron expression/],
    [{ schedule: { kind: "lunar" } }, /kind "lunar" is not known/],
    [{ payload: { kind: "agentTurn", message: " " } }, /its message is empty/],
  ];
  for (const [fields, says] of rows) {
    const { job, notes } = convert(fields);
    assert.equal(job.enabled, false);
    assert.match(notes.join(), says);
  }
});

test("convertCronJob() takes an empty zone and an empty model for none, and a name of two lines for one", () => {
  const { job } = convert({
    name: "two\nlines",
    schedule: { ...cron, tz: " " },
    payload: { kind: "agentTurn", message: "go", model: "" },
  });
  assert.deepEqual(
    [job.title, job.model, job.trigger.kind === "cron" && job.trigger.timeZone],
    ["two lines", undefined, timeZone],
  );
  assert.equal(parseJobs(JSON.stringify(job), "f").length, 1, "it is a job as the gateway takes it");
});

test("convertCronJob() leaves the home's own heartbeat its id", () => {
  assert.match(convert({ id: "heartbeat" }).job.id, /^heartbeat-[0-9a-f]{8}$/);
  assert.equal(convert({ id: "heartbeats" }).job.id, "heartbeats");
});

test("convertCronJob() carries over what both know", () => {
  const { job, notes } = convert({
    id: "0b5e1f2c-7a51-4f0e-9d2a-6d1b3c1f0e55",
    name: "Blog",
    agentId: "writer",
    sessionTarget: "isolated",
    schedule: { ...cron, tz: "Europe/Berlin", staggerMs: 60_000 },
    payload: { kind: "agentTurn", message: "Write", model: "m", timeoutSeconds: 600 },
  });
  assert.deepEqual(job, {
    id: "0b5e1f2c-7a51-4f0e-9d2a-6d1b3c1f0e55",
    title: "Blog",
    agent: "writer",
    session: "cron",
    trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Europe/Berlin" },
    prompt: "Write",
    // sha256 of the id, as there: always the same.
    delayMs: 27_116,
    timeoutMs: 600_000,
    model: "m",
  });
  assert.deepEqual(notes, []);
  assert.equal(parseJobs(JSON.stringify(job), "f").length, 1, "it is a job as the gateway takes it");
});

test("convertCronJob() knows every schedule, and keeps disabled what cannot run", () => {
  const trigger = (schedule: CronJob["schedule"]) => {
    const { job, notes } = convert({ schedule, createdAtMs: 1_000 });
    return [job.trigger, job.enabled ?? true, notes.length];
  };
  assert.deepEqual(trigger({ kind: "every", everyMs: 1_200_000 }), [
    { kind: "every", every: 1_200_000, anchor: "1970-01-01T00:00:01.000Z" },
    true,
    0,
  ]);
  // A moment without a zone is UTC; one that has passed must not fire at once.
  assert.deepEqual(trigger({ kind: "at", at: "2026-03-14T13:00:00" }), [
    { kind: "at", at: "2026-03-14T13:00:00.000Z" },
    true,
    0,
  ]);
  for (const at of [
    " 2030-01-01T09:00:00 ",
    "1893488400000",
    "Tue, 01 Jan 2030 09:00:00 GMT",
    "2030-01-01T10:00:00+0100",
  ])
    assert.deepEqual(trigger({ kind: "at", at }), [{ kind: "at", at: "2030-01-01T09:00:00.000Z" }, true, 0], at);
  assert.deepEqual(trigger({ kind: "at", atMs: nowMs - 1 }), [
    { kind: "at", at: "2026-03-14T11:59:59.999Z" },
    false,
    1,
  ]);
  assert.deepEqual(trigger({ kind: "on-exit", command: "true" }), [{ kind: "manual" }, false, 1]);
  // The same moment once more, of a job that is here: it has run, or is about to.
  const here = { trigger: { kind: "at" as const, at: "2026-03-14T11:00:00Z" }, enabled: true };
  const known = convert({ schedule: { kind: "at", at: "2026-03-14T11:00:00.000Z" } }, here);
  assert.deepEqual([known.job.enabled, known.notes], [undefined, []]);
  // Kept disabled by the import before: it stays so.
  const idle = convert({ schedule: { kind: "at", at: "2026-03-14T11:00:00.000Z" } }, { ...here, enabled: false });
  assert.deepEqual([idle.job.enabled, idle.notes], [false, ["its time has passed: it is kept, disabled"]]);
  for (const schedule of [
    { kind: "at", at: "soon" },
    { kind: "at", atMs: 9e15 },
  ])
    assert.deepEqual(trigger(schedule), [{ kind: "manual" }, false, 1]);
});

test("convertCronJob() runs a job as the agent that came in, and as main where there is none", () => {
  const agents = new Map([
    ["wren", "main"],
    ["Work", "work"],
  ]);
  const agentHere = (id: string) => agents.get(id);
  const agent = (agentId: string) => {
    const source = { id: "a", schedule: cron, payload: { kind: "agentTurn", message: "go" }, agentId };
    const { job, notes } = convertCronJob(source, { nowMs, timeZone, agentHere });
    return [job.agent, notes.join()];
  };
  assert.deepEqual(agent("wren"), [undefined, ""]);
  assert.deepEqual(agent("Work"), ["work", ""]);
  assert.deepEqual(agent("ghost"), [undefined, 'its agent "ghost" is neither there nor here: it runs as main']);
  assert.deepEqual(agent(""), [undefined, ""]);
});

test("convertCronJob() pins the zone of a cron that names none, and says so", () => {
  const { job, notes } = convert({ schedule: { kind: "cron", expr: "0 17 * * 1-5" } });
  assert.deepEqual(job.trigger, { kind: "cron", expression: "0 17 * * 1-5", timeZone });
  assert.match(notes.join(), /no time zone there: it runs in America\/Los_Angeles/);
});

test("convertCronJob() keeps the stagger that a job had there, and the one that a cron on full hours has without saying so", () => {
  const delay = (schedule: CronJob["schedule"]) =>
    convert({ id: "f1701ea7-9584-416c-8520-f441b02586c7", schedule }).job.delayMs;
  // Seen in a home of 2026.9.6: 08:00 in its next two hours, due at 08:02:39.802.
  assert.equal(delay({ kind: "cron", expr: "0 */2 * * *", tz: "UTC" }), 159_802);
  assert.equal(delay({ kind: "cron", expr: "0 */2 * * *", tz: "UTC", staggerMs: 300_000 }), 159_802);
  for (const none of [
    { expr: "0 */2 * * *", staggerMs: 0 },
    { expr: "0 6 * * *" },
    { expr: "5 * * * *" },
    { expr: "30 0 * * * *" },
  ])
    assert.equal(delay({ kind: "cron", tz: "UTC", ...none }), undefined, none.expr);
  assert.ok((delay({ kind: "cron", expr: "0 0 * * * *", tz: "UTC" }) ?? 0) > 0);
});

test("convertCronJob() gives a job no tool that it did not have there", () => {
  const tools = (toolsAllow: unknown) => {
    const { job, notes } = convert({ payload: { kind: "agentTurn", message: "go", toolsAllow } });
    return [job.tools, notes.join()];
  };
  assert.deepEqual(tools(["*"]), [undefined, ""]);
  assert.deepEqual(tools([])[0], []);
  const [names, note] = tools(["read", "exec", "web_fetch"]);
  assert.deepEqual(names, ["read_file", "list_files", "http_fetch"]);
  assert.match(String(note), /no equivalent here of exec/);
  for (const odd of ["read", { read: true }, 7]) {
    assert.deepEqual(tools(odd)[0], [], JSON.stringify(odd));
    assert.match(String(tools(odd)[1]), /cannot be read: it may use none/);
  }
  assert.deepEqual(tools(["constructor", "__proto__", "toString"])[0], []);
});

test("convertCronJob() sends to the person what was sent to a channel, and keeps disabled what a script decides there", () => {
  const told = (delivery: Record<string, string>) => {
    const { tell, deliver } = convert({ delivery }).job;
    return [tell, deliver];
  };
  assert.deepEqual(told({ mode: "announce", channel: "telegram" }), ["person", "telegram"]);
  assert.deepEqual(told({ mode: "webhook", to: "https://hook.example" }), ["person", "webhook"]);
  assert.deepEqual(told({ mode: "announce", channel: "last" }), ["person", undefined]);
  assert.equal(convert({ delivery: { mode: "none" } }).job.tell, undefined);
  assert.equal(convert({ delivery: { mode: "announce" }, sessionTarget: "main" }).job.tell, undefined);
  const gated = convert({ trigger: { script: "exit 1" } });
  assert.equal(gated.job.enabled, false);
});

test("keepUnreadable() makes a job that the gateway takes of whatever stands there", () => {
  const text = "x".repeat(10_000);
  const { job } = keepUnreadable({ id: "Ä", name: "n".repeat(500), reason: "it is odd", text }, "p".repeat(60_000));
  assert.equal(parseJobs(JSON.stringify(job), "f").length, 1);
  const titleOf = (name: string) => {
    const kept = keepUnreadable({ id: "a", name, reason: "it is odd", text }).job;
    assert.equal(parseJobs(JSON.stringify(kept), "f").length, 1, name);
    return kept.title;
  };
  assert.equal(titleOf("\u0000bell\u0007, \u202eturned\u2069 and\u2028parted"), "bell , turned and parted");
  assert.equal(titleOf(" \u001b[31m\u202e "), undefined);
  assert.deepEqual([job.enabled, job.trigger.kind], [false, "manual"]);
  assert.match(job.description ?? "", /it is odd/);
});

test("convertCronJob() tells what it does not carry over", () => {
  const { job, notes } = convert({
    description: "daily",
    sessionTarget: "session:abc",
    deleteAfterRun: true,
    sessionKey: "agent:main:main",
    delivery: { mode: "announce", channel: "telegram" },
    payload: { kind: "agentTurn", message: "go", thinking: "high", timeoutSeconds: 0 },
  });
  assert.equal(job.session, "cron");
  assert.equal(job.description, "daily");
  assert.equal(job.timeoutMs, 7 * 86_400_000);
  for (const said of [
    /sent to telegram/,
    /session:abc/,
    /deletes itself/,
    /thinking, sessionKey/,
    /time limit of 0, which is none, became 7d/,
  ])
    assert.match(notes.join("\n"), said);
});

test("convertCronJob() keeps the original of what cannot run here, and names where a result went", () => {
  const command = convert({ payload: { kind: "command", argv: ["sh", "-lc", "df -h"] } });
  assert.deepEqual([command.job.enabled, command.job.prompt], [false, ""]);
  assert.match(command.job.description ?? "", /not runnable here.*df -h/);
  assert.match(command.notes.join("\n"), /roost lock/);
  const exit = convert({ description: "ends", schedule: { kind: "on-exit", command: "sleep 9" } });
  assert.match(exit.job.description ?? "", /^ends\n.*sleep 9/);
  const posted = convert({ delivery: { mode: "webhook", to: "https://example.com/hook" } });
  assert.match(posted.notes.join("\n"), /sent to https:\/\/example\.com\/hook there/);
});

test("convertCronJob() gives an id that is not allowed here another one, always the same and never another job's", () => {
  const ids = ["Daily Brief", "daily brief", "Täglich", "ä", "x".repeat(100)].map((id) => convert({ id }).job.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(
    ids.every((id) => /^[a-z0-9][a-z0-9._-]{0,62}$/.test(id)),
    ids.join(),
  );
  assert.deepEqual(
    ids,
    ["Daily Brief", "daily brief", "Täglich", "ä", "x".repeat(100)].map((id) => convert({ id }).job.id),
  );
});
