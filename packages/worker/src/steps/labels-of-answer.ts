/** What a wait was answered with carries: a person's word, an event's, a child's. Pure. */
import { missingLabels, openLabels, parseLabels, placedFor, type Labels } from "@roost/contract/labels";
import type { WaitResult } from "@roost/kernel";

export function labelsOfAnswer(answer: WaitResult): Labels {
  switch (answer.kind) {
    case "time":
    case "timed_out":
    case "person":
      return openLabels;
    // Who waits for an event may know it: its audience is the run's.
    case "event":
      return placedFor(parseLabels(answer.event.labels), []);
    case "child":
      return parseLabels(answer.run.labels);
    default:
      return missingLabels;
  }
}
