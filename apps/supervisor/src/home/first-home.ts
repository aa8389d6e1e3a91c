/** What a new home is made from: a template and what the person said of themselves, by option or when asked on a terminal. */
import { readdir, stat } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { isPlainLine, RoostError } from "@roost/base";
import type { HomePaths } from "./home-paths.ts";

/** Answers of the person; what is left out has a default. */
export interface FirstHome {
  /** The example instead of an almost empty home: its people and jobs are fictional. */
  example?: boolean | undefined;
  name?: string | undefined;
  agentName?: string | undefined;
  timeZone?: string | undefined;
  usdPerDay?: string | undefined;
  /** Domain services that run, with commas between. */
  services?: string | undefined;
}

/** What a system or volume puts into an otherwise empty directory, and Roost's own files. */
const ignoredEntries = new Set([".roost", ".DS_Store", "lost+found"]);

const nameCharsMax = 60;
const usdPerDayMax = 1_000_000;
const defaults = { person: "(not told yet)", agent: "Wren", usdPerDay: "1" };

export async function isEmptyHome(home: string): Promise<boolean> {
  const names = await readdir(home).catch(() => []);
  return names.every((name) => ignoredEntries.has(name));
}

/** Whether the next start creates it. */
export async function isNewHome({ home, mark }: HomePaths): Promise<boolean> {
  return (await stat(mark).catch(() => undefined)) === undefined && (await isEmptyHome(home));
}

/** @throws invalid_input that names the option */
export function checkFirstHome(given: FirstHome): void {
  for (const [option, text] of [
    ["--name", given.name],
    ["--agent-name", given.agentName],
  ] as const)
    if (text !== undefined && !isName(text))
      throw new RoostError("invalid_input", `${option} is one line of 1 to ${nameCharsMax} characters`);
  if (given.timeZone !== undefined && !isTimeZone(given.timeZone))
    throw new RoostError(
      "invalid_input",
      `--time-zone "${given.timeZone}" is no time zone: write it like Europe/Berlin`,
    );
  if (given.usdPerDay !== undefined && !isAmount(given.usdPerDay))
    throw new RoostError("invalid_input", `--usd-per-day "${given.usdPerDay}" is not an amount like 2 or 0.50`);
  if (given.services !== undefined && !/^[a-z][a-z0-9-]*(?:, ?[a-z][a-z0-9-]*)*$/.test(given.services))
    throw new RoostError("invalid_input", `--services "${given.services}" are no names of services like peeps`);
}

interface Question {
  isValid: (answer: string) => boolean;
  /** Completes "Give …" after an answer that is not valid. */
  wanted: string;
}

const questions = {
  name: { isValid: isName, wanted: `one line of 1 to ${nameCharsMax} characters` },
  timeZone: { isValid: isTimeZone, wanted: "a time zone like Europe/Berlin" },
  amount: { isValid: isAmount, wanted: "an amount like 2 or 0.50" },
} satisfies Record<string, Question>;

export interface AskOptions {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  home: string;
}

/** Asks for what was not given; Enter takes the default, and so does the end of the input. Undefined after Ctrl-C. */
export async function askFirstHome(
  given: FirstHome,
  { input, output, home }: AskOptions,
): Promise<FirstHome | undefined> {
  const lines = createInterface({ input, output });
  const left = new AbortController();
  let isRefused = false;
  lines.once("close", () => left.abort());
  lines.once("SIGINT", () => {
    isRefused = true;
    lines.close();
  });
  const ask = async (text: string, preset: string, { isValid, wanted }: Question): Promise<string> => {
    for (;;) {
      const question = `${text}${preset === "" ? "" : ` [${preset}]`}: `;
      const answer = left.signal.aborted
        ? ""
        : (await lines.question(question, { signal: left.signal }).catch(() => "")).trim();
      if (answer === "" || isValid(answer)) return answer === "" ? preset : answer;
      output.write(`Give ${wanted}.\n`);
    }
  };
  try {
    output.write(
      `Your home will be text files that you and your agents share, in\n  ${home}\nFour questions; Enter takes the value in brackets.\n`,
    );
    const answers = {
      name: given.name ?? ((await ask("Your name", "", questions.name)) || undefined),
      agentName: given.agentName ?? (await ask("Your agent's name", defaults.agent, questions.name)),
      timeZone: given.timeZone ?? (await ask("Time zone", machineTimeZone(), questions.timeZone)),
      ...(given.services === undefined ? {} : { services: given.services }),
      usdPerDay: given.usdPerDay ?? (await ask("At most how many dollars a day", defaults.usdPerDay, questions.amount)),
    };
    return isRefused ? undefined : answers;
  } finally {
    lines.close();
  }
}

/** Fills the places of a template's file. */
export function fillTemplate(text: string, { name, agentName, timeZone, usdPerDay, services }: FirstHome): string {
  const values: Readonly<Record<string, string>> = {
    person: name ?? defaults.person,
    agent: agentName ?? defaults.agent,
    timeZone: timeZone ?? machineTimeZone(),
    usdPerDay: usdPerDay ?? defaults.usdPerDay,
    services: services ?? "",
  };
  return text.replaceAll(/<(\w+)>/g, (place, key: string) => values[key] ?? place);
}

function machineTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function isName(text: string): boolean {
  return text.trim() !== "" && text.length <= nameCharsMax && isPlainLine(text);
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return /^[A-Za-z]/.test(text);
  } catch {
    return false;
  }
}

function isAmount(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text) && Number(text) <= usdPerDayMax;
}
