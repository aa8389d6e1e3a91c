import { audienceOf, readAudience } from "@roost/contract/labels";
import type { AgentDefinition } from "@roost/contract/operations";
import type { Run } from "@roost/kernel";
import { stateNameOf } from "./home-file-class.ts";
import { readSkillName } from "./read-skill-name.ts";
import type { Viewer } from "./viewer.ts";

/** A state file whose age matters to a job, from its definition. */
export interface StateInput {
  name: string;
  staleAfterMs: number;
}

/** As whom a run of an agent reads and writes the home; of no kind: as little as a guest. `domains`: what it may know of beyond its services. */
export function viewerOf(
  run: Pick<Run, "sessionKind" | "jobId" | "input"> & Partial<Pick<Run, "sessionKey">>,
  {
    clearance,
    services = [],
    skills = [],
    domains: known = services,
  }: Pick<AgentDefinition, "clearance" | "services" | "skills"> & { domains?: readonly string[] },
): Viewer {
  const kind = run.sessionKind ?? "channel";
  const seesAll = clearance === undefined && (kind === "main" || kind === "heartbeat");
  const domains = known.map((service) => audienceOf("domain", service));
  return {
    kind,
    jobId: run.jobId ?? undefined,
    sessionKey: run.sessionKey ?? undefined,
    stateNames: stateInputsOf(run.input).map((input) => input.name),
    skills: kind === "subagent" ? skills.map((skill) => readSkillName(skill).name) : undefined,
    services: services.length > 0 ? services : undefined,
    clearance: seesAll ? undefined : [...(clearance ?? []).flatMap((label) => readAudience(label) ?? []), ...domains],
  };
}

/** The state files that a run's job names as inputs. */
export function stateInputsOf(input: Run["input"]): StateInput[] {
  const inputs = input["inputs"];
  if (!Array.isArray(inputs)) return [];
  return inputs.flatMap((entry) => {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return [];
    const { file, staleAfterMs } = entry;
    const name = typeof file === "string" ? stateNameOf(file) : undefined;
    return name === undefined || typeof staleAfterMs !== "number" ? [] : [{ name, staleAfterMs }];
  });
}
