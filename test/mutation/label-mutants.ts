/** What a run reads marks it, what it writes carries the mark, and what is marked is shown to nobody unmarked. */
import type { Mutant } from "./mutant.ts";

const sentence = {
  tests: "packages/worker/src/tools/create-tools.labels.test.ts",
  kills: ["Y: a sentence from a page stays marked through every tool and in every context, whoever passes it on"],
  spares: [],
};

const clearanceTest =
  "A clearance narrows what main and heartbeat see and write, gives no other kind a file, and never a cron what people say";

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
];
