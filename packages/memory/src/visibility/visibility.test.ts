import assert from "node:assert/strict";
import { test } from "node:test";
import { openLabels, parseLabels } from "@roost/contract/labels";
import { createCalendar, dayBefore } from "./calendar.ts";
import { classifyPath, statePathOf } from "./home-file-class.ts";
import type { Viewer } from "./viewer.ts";
import { mayKnow } from "./clearance.ts";
import { maySeeFile, mayWriteFile } from "./visibility.ts";

const paths = [
  "AGENTS.md",
  "SOUL.md",
  "IDENTITY.md",
  "USER.md",
  "TOOLS.md",
  "MEMORY.md",
  "HEARTBEAT.md",
  "memory/2026-01-31.md",
  "memory/2026-01-31-trip.md",
  "memory/people.md",
  "memory/blog-state.json",
  "memory/email-state.json",
  "memory/diary-state.json",
  "skills/post/SKILL.md",
  "jobs/blog.yaml",
  "work/blog/draft.md",
  "work/video/script.md",
  "work/blog",
  "letters/bank.md",
  "roost.yaml",
];
const viewers: Record<string, Viewer> = {
  main: { kind: "main" },
  heartbeat: { kind: "heartbeat", jobId: "heartbeat" },
  cron: { kind: "cron", jobId: "blog", stateNames: ["email"] },
  subagent: { kind: "subagent", jobId: "blog" },
  channel: { kind: "channel" },
};
const instructions = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "TOOLS.md"];

const seen: Record<string, string[]> = {
  main: paths,
  heartbeat: paths,
  cron: [
    ...instructions,
    "memory/blog-state.json",
    "memory/email-state.json",
    "skills/post/SKILL.md",
    "work/blog/draft.md",
  ],
  subagent: ["AGENTS.md"],
  channel: ["AGENTS.md", "SOUL.md"],
};
const written: Record<string, string[]> = {
  main: paths.filter((path) => path !== "roost.yaml"),
  heartbeat: paths.filter((path) => path !== "roost.yaml"),
  cron: ["memory/blog-state.json", "work/blog/draft.md"],
  subagent: [],
  channel: [],
};

test("mayWriteFile() lets the person write the settings, and no service", () => {
  const person = { ...viewers["main"]!, isPerson: true };
  assert.deepEqual(
    ["roost.yaml", "services/mail/main.ts", "services/mail/skills/x/SKILL.md"].map((path) =>
      mayWriteFile(person, path),
    ),
    [true, false, false],
  );
});

for (const [name, viewer] of Object.entries(viewers)) {
  test(`maySeeFile() shows ${name} exactly its files`, () =>
    assert.deepEqual(
      paths.filter((path) => maySeeFile(viewer, path)),
      seen[name],
    ));
  test(`mayWriteFile() lets ${name} write exactly its files`, () =>
    assert.deepEqual(
      paths.filter((path) => mayWriteFile(viewer, path)),
      written[name],
    ));
}

test("A clearance narrows what main and heartbeat see and write, gives no other kind a file, and never a cron what people say", () => {
  const clearance = ["job:blog", "domain:peeps"];
  const ofBlog = [...instructions, "memory/blog-state.json", "skills/post/SKILL.md", "work/blog/draft.md"];
  for (const kind of ["main", "heartbeat"] as const) {
    const viewer = { kind, clearance };
    const known = paths.filter((path) => maySeeFile(viewer, path));
    assert.deepEqual(known, ofBlog);
    assert.deepEqual(
      paths.filter((path) => mayWriteFile(viewer, path)),
      ofBlog,
    );
  }
  for (const kind of ["cron", "subagent", "channel"] as const)
    for (const path of paths)
      assert.equal(
        maySeeFile({ ...viewers[kind]!, clearance: ["main", ...clearance] }, path),
        maySeeFile(viewers[kind]!, path),
        path,
      );
  const cron: Viewer = { kind: "cron", jobId: "diary", clearance: ["main", ...clearance] };
  const of = (...audiences: string[]) => mayKnow(cron, { ...openLabels, audiences });
  assert.deepEqual(
    [of("job:diary"), of("job:blog", "domain:peeps"), of("main"), of("job:mail"), of("session:main")],
    [true, true, false, false, false],
  );
});

test("maySeeFile() takes another spelling for another file", () => {
  for (const path of ["agents.md", "Agents.MD", "memory/Blog-state.json", "work/BLOG/draft.md", "SOUL.md/x"]) {
    assert.equal(maySeeFile({ kind: "cron", jobId: "blog" }, path), false, path);
  }
});

test("maySeeFile() shows a cron without a job no state and no folder", () => {
  for (const path of ["memory/undefined-state.json", "work/undefined/a.md"])
    assert.equal(maySeeFile({ kind: "cron" }, path), false, path);
});

test("mayKnow() keeps what people and other jobs say from a cron", () => {
  const cron: Viewer = { kind: "cron", jobId: "blog" };
  const own = (audiences: string[]) => ({ ...openLabels, audiences });
  assert.equal(mayKnow(cron, own([])), true);
  assert.equal(mayKnow(cron, own(["job:blog"])), true);
  for (const audiences of [["main"], ["job:diary"], ["job:blog", "main"], ["domain:peeps"], ["session:channel:chat"]])
    assert.equal(mayKnow(cron, own(audiences)), false, audiences.join(" "));
  assert.equal(mayKnow({ kind: "channel", sessionKey: "channel:chat" }, own(["session:channel:chat"])), true);
  assert.equal(mayKnow({ kind: "channel", sessionKey: "channel:other" }, own(["session:channel:chat"])), false);
  assert.equal(mayKnow({ kind: "subagent", jobId: "blog" }, own(["job:blog"])), false);
  for (const kind of ["main", "heartbeat"] as const) assert.equal(mayKnow({ kind }, own(["main", "job:diary"])), true);
  assert.equal(mayKnow(cron, parseLabels(undefined)), false);
});

test("classifyPath() knows state files by their name", () => {
  assert.deepEqual(classifyPath("memory/email-state.json"), { class: "state", stateName: "email" });
  assert.deepEqual(classifyPath("memory/a-state-state.json"), { class: "state", stateName: "a-state" });
  assert.equal(classifyPath("memory/sub/email-state.json").class, "other");
  assert.equal(statePathOf("email"), "memory/email-state.json");
  for (const name of ["", "../x", "a/b", ".x", "x".repeat(64)]) assert.equal(statePathOf(name), undefined, name);
});

test("createCalendar() follows the home's clocks through both changes", () => {
  const cases: [string, string, string][] = [
    // Europe/Berlin: 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00.
    ["2026-03-28T22:59:00Z", "Europe/Berlin", "2026-03-28 23:59"],
    ["2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-29 00:00"],
    ["2026-03-29T21:59:00Z", "Europe/Berlin", "2026-03-29 23:59"],
    ["2026-03-29T22:00:00Z", "Europe/Berlin", "2026-03-30 00:00"],
    ["2026-10-24T22:00:00Z", "Europe/Berlin", "2026-10-25 00:00"],
    ["2026-10-25T22:59:00Z", "Europe/Berlin", "2026-10-25 23:59"],
    ["2026-10-25T23:00:00Z", "Europe/Berlin", "2026-10-26 00:00"],
    // Lord Howe moves by half an hour; Kathmandu is 45 minutes off; Apia is on the other day.
    ["2026-04-04T15:00:00Z", "Australia/Lord_Howe", "2026-04-05 01:30"],
    ["2026-01-01T18:14:00Z", "Asia/Kathmandu", "2026-01-01 23:59"],
    ["2026-01-01T18:15:00Z", "Asia/Kathmandu", "2026-01-02 00:00"],
    ["2026-01-01T11:00:00Z", "Pacific/Apia", "2026-01-02 00:00"],
    ["2026-01-01T00:00:00Z", "UTC", "2026-01-01 00:00"],
  ];
  for (const [moment, zone, local] of cases) {
    const ms = Date.parse(moment);
    const calendar = createCalendar(zone);
    assert.equal(`${calendar.dayAt(ms)} ${calendar.timeOfDayAt(ms)}`, local, `${moment} ${zone}`);
  }
  assert.equal(dayBefore("2026-03-01"), "2026-02-28");
  assert.equal(dayBefore("2026-03-30"), "2026-03-29");
  assert.equal(
    createCalendar("Europe/Berlin").momentAt(Date.parse("2026-01-31T05:30:00Z")),
    "Saturday, 2026-01-31 06:30 Europe/Berlin",
  );
});
