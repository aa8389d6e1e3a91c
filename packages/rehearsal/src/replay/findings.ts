/** What a replay has found so far, in order, each list with its limit. */
import { clipText, replayLimits, type ReplayDifference, type ReplayReport } from "@roost/contract/operations";

type Skipped = ReplayReport["notCompared"][number];
type ReplayedStep = ReplayReport["steps"][number];
type Found = Pick<
  ReplayReport,
  "steps" | "answeredCount" | "differences" | "differenceCount" | "notCompared" | "notComparedCount"
>;

/** Both sides, cut to the report's limit. */
export interface Differing extends Pick<ReplayDifference, "seq" | "name" | "kind"> {
  part: string;
  recorded: string | null;
  replayed: string | null;
  isUntrusted: boolean;
}

export interface Findings {
  readonly found: Found;
  /** Number of differences; one that repeats in each request counts once. */
  readonly differCount: number;
  differ(difference: Differing): void;
  /** Something is taken from the record. */
  skip(seq: number | null, what: string, why: string): void;
  step(step: ReplayedStep, options: { isAnswered: boolean }): void;
}

const partCharsMax = 500;

export function createFindings(): Findings {
  const found: Found = {
    steps: [],
    answeredCount: 0,
    differences: [],
    differenceCount: 0,
    notCompared: [],
    notComparedCount: 0,
  };
  const excerpt = (text: string | null, isUntrusted: boolean) =>
    text === null ? null : { text: clipText(text.toWellFormed(), replayLimits.excerptCharsMax), isUntrusted };
  const requestsDiffering = new Set<string>();
  let differCount = 0;
  return {
    found,
    get differCount() {
      return differCount;
    },
    differ({ seq, name, kind, part, recorded, replayed, isUntrusted }) {
      differCount += 1;
      const key = JSON.stringify([part, recorded, replayed]);
      if (kind === "request" && requestsDiffering.has(key)) return;
      requestsDiffering.add(key);
      found.differenceCount += 1;
      if (found.differences.length >= replayLimits.differencesMax) return;
      found.differences.push({
        seq,
        name: clipText(name, nameCharsMax),
        kind,
        part: clipText(part.replace(/^[., ]+/, "").toWellFormed(), partCharsMax),
        recorded: excerpt(recorded, isUntrusted),
        replayed: excerpt(replayed, isUntrusted),
      });
    },
    skip(seq, what, why) {
      found.notComparedCount += 1;
      if (found.notCompared.length >= replayLimits.notComparedMax) return;
      const skipped: Skipped = { seq, what: clipText(what, nameCharsMax), why };
      found.notCompared.push(skipped);
    },
    step(step, { isAnswered }) {
      if (isAnswered) found.answeredCount += 1;
      if (found.steps.length < replayLimits.stepsMax)
        found.steps.push({ ...step, name: clipText(step.name, nameCharsMax) });
    },
  };
}

const nameCharsMax = 200;
