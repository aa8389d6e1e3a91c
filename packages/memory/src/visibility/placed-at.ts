/** What follows from a file's place: its audience, and the trust of an edit from outside. Pure. */
import { audienceOf, openLabels, placedFor, untrustedFrom, type Labels } from "@roost/contract/labels";
import { classifyPath } from "./home-file-class.ts";
import type { Viewer } from "./viewer.ts";

/** Labels to store: with the audience of the place. */
export function placedAt(path: string, labels: Labels): Labels {
  return placedFor(labels, audiencesOf(path));
}

/** Labels as they count for the reader: a job's inputs count as its own. */
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

/** A person's editor and a program look alike: an edit from outside counts as the person's only where no program may write. */
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
    case "serviceSkill":
      return [];
    case "work":
      return [audienceOf("job", jobId ?? "")];
    case "state":
      return [audienceOf("job", stateName ?? "")];
    default:
      return ["main"];
  }
}
