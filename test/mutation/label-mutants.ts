/** What a run reads marks it, what it writes carries the mark, and what is marked is never shown unmarked. */
import type { Mutant } from "./mutant.ts";

const sentence = {
  tests: "packages/worker/src/tools/create-tools.labels.test.ts",
  kills: ["Y: a sentence from a page stays marked through every tool and in every context"],
  spares: [],
};

const clearanceTest =
  "A clearance narrows what main and heartbeat see and write, gives no other kind a file, and never a cron what people say";

const names = {
  tests: sentence.tests,
  kills: ["Y: what a page says of itself in names, purposes and errors is read marked, or not at all"],
  spares: [],
};

const toldTo = "apps/gateway/src/security/told-to.ts";
const token = {
  tests: "apps/gateway/src/create-gateway.test.ts",
  kills: [
    "What an agent writes through the API is marked as its run is, and what it reads there marks the run, as far as it may know it",
  ],
  spares: [
    "An agent that calls is that agent: its run's token opens what agents may call, and ends with the run's epoch",
  ],
};

const edit = (file: string, find: string, replace: string) => [{ file: `packages/${file}`, find, replace, count: 1 }];

export const labelMutants: readonly Mutant[] = [
  {
    ...sentence,
    name: "labels: what a result carries is joined",
    edits: edit("worker/src/steps/run-mark.ts", "mark = joinLabels(await read(), labels);", "mark = await read();"),
  },
  {
    ...sentence,
    name: "labels: a context shows no marked line",
    edits: edit(
      "memory/src/context/show-trusted.ts",
      "} else if (isUntrusted(section.labels)) {",
      "} else if (false) {",
    ),
  },
  {
    name: "labels: what a cron may know",
    edits: edit(
      "memory/src/visibility/clearance.ts",
      'return [...(jobId === undefined ? [] : [audienceOf("job", jobId)]), ...(clearance ?? []).filter(isOfWork)];',
      'return "all";',
    ),
    tests: "packages/memory/src/visibility/visibility.test.ts",
    kills: ["mayKnow() keeps what people and other jobs say from a cron"],
    spares: [],
  },
  {
    name: "labels: a clearance reaches as far as the kind of session",
    edits: edit("memory/src/visibility/clearance.ts", "(clearance ?? []).filter(isOfWork)", "(clearance ?? [])"),
    tests: "packages/memory/src/visibility/visibility.test.ts",
    kills: [clearanceTest],
    spares: ["mayKnow() keeps what people and other jobs say from a cron"],
  },
  {
    name: "labels: a line keeps its labels",
    edits: edit("memory/src/records/line-marks.ts", "last = known.get(line.trim()) ?? labels;", "last = labels;"),
    tests: "packages/memory/src/records/line-marks.test.ts",
    kills: [
      "marksAfter() gives new lines the labels of their writer and leaves the others theirs",
      "marksAfter() washes no line that is moved, indented, copied or brought back by who did not read it",
    ],
    spares: [],
  },
  {
    name: "labels: a marked content keeps its marks",
    edits: edit(
      "memory/src/records/marks-of-text.ts",
      "if (known !== undefined) return loadMarks",
      "if (known === null) return loadMarks",
    ),
    tests: "packages/memory/src/files/trust-home-file.test.ts",
    kills: ["A marked file keeps its marks where it is moved, renamed or copied to, and when it is brought back"],
    spares: ["trustHomeFile() takes the mark from the lines that a person names, as an event, and from no other"],
  },
  {
    name: "labels: lines of a marked content keep their marks",
    edits: edit("memory/src/records/marks-of-text.ts", "const origins = isFromOutside ?", "const origins = false ?"),
    tests: "packages/memory/src/files/trust-home-file.test.ts",
    kills: [
      "A marked file that is moved and edited between two scans keeps the marks of its lines, and a copy that is edited too",
    ],
    spares: ["trustHomeFile() takes the mark from the lines that a person names, as an event, and from no other"],
  },
  {
    ...names,
    name: "labels: an error carries what it quotes",
    edits: edit(
      "worker/src/steps/run-mark.ts",
      'result.state === "failed" ? result.error.labels',
      'result.state === "failed" ? undefined',
    ),
  },
  {
    ...names,
    name: "labels: a name is a text",
    edits: edit(
      "memory/src/visibility/has-known-name.ts",
      'return kind !== "work" && kind !== "skill" && kind !== "other";',
      "return true;",
    ),
  },
  {
    name: "held writes: where a link leads is held",
    edits: edit(
      "memory/src/files/write-home-file.ts",
      "? heldFile(path) : undefined;",
      "? heldFile(asked) : undefined;",
    ),
    tests: "packages/memory/src/files/write-home-file.test.ts",
    kills: ["writeHomeFile() refuses a path that a link turns into a held one, after untrusted content was read"],
    spares: ["writeHomeFile() creates a file only where there is none"],
  },
  {
    ...token,
    name: "tokens: what a run writes through the API carries what it knows",
    edits: [{ file: toldTo, find: "labels: run?.labels };", replace: "labels: undefined };", count: 1 }],
  },
  {
    ...token,
    name: "tokens: what a run reads through the API marks it",
    edits: [
      { file: toldTo, find: "epoch: run.epoch }, heard);", replace: "epoch: run.epoch }, joinLabels());", count: 1 },
    ],
  },
];
