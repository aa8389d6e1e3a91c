/**
 * The one visibility table. Contexts, reads, lists, searches and writes all use it, with the file's real path. What is not in the table is visible
 * to main and heartbeat only.
 */
import { RoostError } from "@roost/base";
import { openLabels } from "@roost/contract/labels";
import type { SessionKind } from "@roost/kernel";
import { mayKnow } from "./clearance.ts";
import { classifyPath, type HomeFileClass } from "./home-file-class.ts";
import { placedForViewer } from "./placed-at.ts";
import type { Viewer } from "./viewer.ts";

type Rule = "all" | "own" | "none";

const everything: Record<HomeFileClass, Rule> = {
  agents: "all",
  soul: "all",
  identity: "all",
  user: "all",
  tools: "all",
  memory: "all",
  heartbeat: "all",
  note: "all",
  state: "all",
  skill: "all",
  job: "all",
  work: "all",
  settings: "all",
  service: "all",
  serviceSkill: "all",
  other: "all",
};
const nothing: Record<HomeFileClass, Rule> = {
  agents: "none",
  soul: "none",
  identity: "none",
  user: "none",
  tools: "none",
  memory: "none",
  heartbeat: "none",
  note: "none",
  state: "none",
  skill: "none",
  job: "none",
  work: "none",
  settings: "none",
  service: "none",
  serviceSkill: "none",
  other: "none",
};

const mayRead: Record<SessionKind, Record<HomeFileClass, Rule>> = {
  main: everything,
  heartbeat: everything,
  cron: {
    ...nothing,
    agents: "all",
    soul: "all",
    identity: "all",
    user: "all",
    tools: "all",
    skill: "all",
    serviceSkill: "own",
    state: "own",
    work: "own",
  },
  subagent: { ...nothing, agents: "all", skill: "own", serviceSkill: "own" },
  channel: { ...nothing, agents: "all", soul: "all" },
};

/** Settings and services belong to the person: they limit what agents may reach and spend, and are programs. A cron writes nothing that other sessions follow. */
const mayWrite: Record<SessionKind, Record<HomeFileClass, Rule>> = {
  main: { ...everything, settings: "none", service: "none", serviceSkill: "none" },
  heartbeat: { ...everything, settings: "none", service: "none", serviceSkill: "none" },
  cron: { ...nothing, state: "own", work: "own" },
  subagent: nothing,
  channel: nothing,
};

/** `own`: of a delegated run the skills that its agent names, of a service's those of agents that name the service; of a cron the state files of the viewer's job (for reading also its inputs) and the folder work/<job>/. */
export const visibility = { read: mayRead, write: mayWrite } as const;

export function maySeeFile(viewer: Viewer, path: string): boolean {
  return isAllowed(visibility.read, viewer, path) && mayKnow(viewer, placedForViewer(viewer, path, openLabels));
}

export function mayWriteFile(viewer: Viewer, path: string): boolean {
  if (viewer.isPerson === true && classifyPath(path).class === "settings") return true;
  // A write that meets another version is given it.
  return maySeeFile(viewer, path) && isAllowed(visibility.write, viewer, path) && !isInputOnly(viewer, path);
}

/** @throws RoostError `forbidden`, in the same words whether the file exists or not */
export function refuseUnseen(viewer: Viewer, path: string): void {
  if (maySeeFile(viewer, path)) return;
  throw new RoostError("forbidden", `${path} is not visible to a ${viewer.kind} session: ${whatIsVisible(viewer)}`);
}

/** @throws RoostError `forbidden` */
export function refuseUnwritable(viewer: Viewer, path: string): void {
  if (mayWriteFile(viewer, path)) return;
  const own =
    viewer.jobId === undefined
      ? ""
      : `: it may write memory/${viewer.jobId}-state.json and files in work/${viewer.jobId}/`;
  const why = notForAgents[classifyPath(path).class] ?? own;
  throw new RoostError("forbidden", `${path} is not writable by a ${viewer.kind} session${why}`);
}

const notForAgents: Partial<Record<HomeFileClass, string>> = {
  settings: ": only a person changes the settings",
  service: ": only a person changes the services",
  serviceSkill: ": only a person changes the services",
};

function isAllowed(table: typeof mayRead, viewer: Viewer, path: string): boolean {
  const classified = classifyPath(path);
  const rule = table[viewer.kind][classified.class];
  if (rule !== "own") return rule === "all";
  if (classified.class === "skill") return namesSkill(viewer, path.split("/")[1]);
  if (classified.class === "serviceSkill") {
    const isOfAgent = viewer.services?.includes(classified.service ?? "") ?? false;
    return isOfAgent && (viewer.kind !== "subagent" || namesSkill(viewer, path.split("/")[3]));
  }
  if (viewer.jobId === undefined) return false;
  if (classified.class === "work") return classified.jobId === viewer.jobId;
  return classified.stateName === viewer.jobId || (viewer.stateNames?.includes(classified.stateName ?? "") ?? false);
}

function namesSkill({ skills = [] }: Viewer, name = ""): boolean {
  return skills.includes(name);
}

/** A job's inputs are read and not written. */
function isInputOnly(viewer: Viewer, path: string): boolean {
  const { stateName } = classifyPath(path);
  return viewer.kind === "cron" && stateName !== undefined && stateName !== viewer.jobId;
}

function whatIsVisible(viewer: Viewer): string {
  if (viewer.kind === "subagent") return "it sees AGENTS.md, its skills and its task";
  if (viewer.kind === "channel") return "it sees AGENTS.md and SOUL.md";
  return `it sees AGENTS.md, SOUL.md, IDENTITY.md, USER.md, TOOLS.md, skills/, its own state files and its folder work/${viewer.jobId ?? "<job>"}/`;
}
