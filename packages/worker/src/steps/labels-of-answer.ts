/** Labels of a wait's answer: of a person, an event, a child. Pure. */
import { missingLabels, openLabels, parseLabels, placedFor, type Labels } from "@roost/contract/labels";
import type { WaitResult } from "@roost/kernel";

export function labelsOfAnswer(answer: WaitResult): Labels {
  switch (answer.kind) {
    case "time":
    case "timed_out":
    case "person":
      return openLabels;
    // The waiting run may know the event: it gets the run's audience.
    case "event":
      return placedFor(parseLabels(answer.event.labels), []);
    case "child":
      return parseLabels(answer.run.labels);
    default:
      return missingLabels;
  }
}
