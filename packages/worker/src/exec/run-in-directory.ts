/** Runs a program of an agent in its folder: confined, within the limits of the settings, and refused where nothing confines it. */
import { hostname } from "node:os";
import { RoostError } from "@roost/base";
import { joinLabels, openLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import type { AgentDefinition } from "@roost/contract/operations";
import { addNeed, type Kernel } from "@roost/kernel";
import type { ExecSettings } from "@roost/memory/settings";
import { runConfined, type ConfinedRun, type FoundSandbox } from "@roost/sandbox";
import {
  markDirectory,
  openExecDirectory,
  readDirectoryLabels,
  readLabelsOf,
  type ClonedRepository,
  type ExecDirectory,
} from "./exec-directory.ts";

export interface Workplace {
  kernel: Kernel;
  homeDir: string;
  run: { id: string; epoch: number; agent: string | null };
  /** What the agent's definition allows. */
  allowed: NonNullable<AgentDefinition["exec"]>;
  settings: ExecSettings;
  findSandbox: () => Promise<FoundSandbox>;
  /** Of the person, by which git reaches remotes. */
  gitEnvironment: Readonly<Record<string, string>>;
}

export interface ProgramCall {
  program: readonly string[];
  /** Of the agent's; default: its own folder. */
  repository?: string | undefined;
  input?: string | undefined;
  timeoutMs?: number;
  outputBytesMax?: number;
  /** What the run knows: it may be in what the program is given. */
  labels: Labels;
  signal: AbortSignal;
  onOutput?: ((chunk: Buffer) => void) | undefined;
}

const mebibyte = 1024 * 1024;

/** Workers on this machine have it; a run with a folder here goes on nowhere else. */
export function hostCapability(): string {
  return `host:${hostname()}`;
}

/** `labels`: of what it wrote. @throws RoostError `unavailable`: there is no sandbox; `forbidden`: the repository is not the agent's */
export async function runInDirectory(
  place: Workplace,
  call: ProgramCall,
): Promise<ConfinedRun & { directory: ExecDirectory; labels: Labels }> {
  const { kernel, homeDir, run, allowed, settings } = place;
  const found = await place.findSandbox();
  if (!found.isUsable)
    throw new RoostError(
      "unavailable",
      `programs run in a sandbox alone, and there is none: ${found.reason}. ${found.advice}`,
    );
  const { repository } = call;
  const source = repository === undefined ? undefined : sourceOf(place, repository);
  await addNeed(kernel, { runId: run.id, epoch: run.epoch }, hostCapability());
  const limits = {
    memoryBytesMax: settings.memoryMib * mebibyte,
    processesMax: settings.processes,
    diskBytesMax: settings.diskMib * mebibyte,
  };
  const directory = await openExecDirectory(homeDir, { agent: agentOf(place), repository, source, limits });
  const outdated = directory.repository?.outdated;
  if (outdated !== undefined)
    kernel.logger.warn("A repository of an agent could not be brought up to date", { repository, why: outdated });
  const hasNetwork = allowed.network === true;
  const brought = hasNetwork ? untrustedFrom("program", "network") : openLabels;
  const labels = await markDirectory(directory, joinLabels(call.labels, brought));
  const confined = await runConfined(call.program, {
    directory: directory.path,
    readable: [...settings.readable, ...(directory.repository === undefined ? [] : [directory.repository.mirror])],
    env: directory.repository === undefined ? {} : asSource(directory.repository),
    hasNetwork,
    signal: call.signal,
    limits: {
      ...limits,
      timeMsMax: Math.min(call.timeoutMs ?? settings.timeout, settings.timeout),
      outputBytesMax: call.outputBytesMax ?? settings.outputMib * mebibyte,
    },
    input: call.input,
    onOutput: call.onOutput,
  });
  // Another run may have brought something in meanwhile: it marked the folder before it did.
  return { ...confined, directory, labels: joinLabels(labels, await readDirectoryLabels(directory)) };
}

/** In a clone, the address of the person's repository stands for what programs see of it. */
function asSource({ source, mirror }: Pick<ClonedRepository, "source" | "mirror">): Record<string, string> {
  return { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: `url.${mirror}.insteadOf`, GIT_CONFIG_VALUE_0: source };
}

/** Of whatever a call there gives back, failures included. */
export function labelsOfPlace(place: Workplace, repository: string | undefined): Promise<Labels> {
  return readLabelsOf(place.homeDir, { agent: agentOf(place), repository });
}

export function agentOf({ run }: Pick<Workplace, "run">): string {
  return run.agent ?? "main";
}

/** The person's repository of that name. */
export function sourceOf({ allowed, settings }: Workplace, repository: string): string {
  const source = settings.repositories[repository];
  if (source !== undefined && allowed.repositories?.includes(repository) === true) return source;
  const there = (allowed.repositories ?? []).filter((name) => settings.repositories[name] !== undefined);
  throw new RoostError(
    "forbidden",
    `the repository ${repository.slice(0, 80)} is not this agent's: it has ${there.join(", ") || "none"}`,
  );
}
