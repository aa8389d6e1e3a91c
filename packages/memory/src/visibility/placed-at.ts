/** What follows from the place of a file: who may know what is in it, and what an edit from outside is worth. Pure. */
import { audienceOf, openLabels, placedFor, untrustedFrom, type Labels } from "@roost/contract/labels";
import { classifyPath } from "./home-file-class.ts";
import type { Viewer } from "./viewer.ts";

/** As they are kept for a file: with the audience of its place. */
export function placedAt(path: string, labels: Labels): Labels {
  return placedFor(labels, audiencesOf(path));
}

/** As they count for who reads it: a job knows what its definition names as an input as its own. */
export function placedForViewer(viewer: Viewer, path: string, labels: Labels): Labels {
  const { class: kind } = classifyPath(path);
  const isOfJob = kind === "state" || kind === "work";
  return placedFor(
    labels,
    viewer.kind === "cron" && viewer.jobId !== undefined && isOfJob
      ? [audienceOf("job", viewer.jobId)]
      : audiencesOf(path),
  );
}

/** A person's editor and a program write alike: only where no program is let in, an edit from outside is the person's. */
export function labelsFromOutside(path: string): Labels {
  const { class: kind } = classifyPath(path);
  return kind === "work" || kind === "state" ? untrustedFrom("program", "outside") : openLabels;
}

function audiencesOf(path: string): string[] {
  const { class: kind, jobId, stateName } = classifyPath(path);
  switch (kind) {
    case "agents":
    case "soul":
    case "identity":
    case "user":
    case "tools":
    case "skill":
      return [];
    case "work":
      return [audienceOf("job", jobId ?? "")];
    case "state":
      return [audienceOf("job", stateName ?? "")];
    default:
      return ["main"];
  }
}
