/** Reads the command line of `roost up` and `roost down`. What the options of a new home mean is in home/first-home.ts. */
import { parseArgs } from "node:util";
import { RoostError } from "@roost/base";
import { checkFirstHome, type FirstHome } from "./home/first-home.ts";

export interface SupervisorArguments {
  command: "up" | "down" | "help";
  /** Return when everything is ready, and leave it running. */
  isDetached: boolean;
  /** Pids of the processes that started this one: it stops when one of them ends. */
  stopWith: number[];
  /** What a new home is made from. */
  first: FirstHome;
}

export const usage = `Usage: roost up [--detach]     start Roost on this machine, in the foreground unless detached
       roost down               stop it, however it was started

A new home is asked for on a terminal, or made from these options:
  --name TEXT          your name
  --agent-name TEXT    your agent's name
  --time-zone ZONE     time zone of the home, as in Europe/Berlin
  --usd-per-day USD    spending cap a day
  --services NAMES     domain services that run, with commas between: peeps
  --example            copy the example instead: fictional people and jobs

ROOST_HOME names the home (default ~/.roost). Exit codes: 0 stopped or detached, 64 invalid arguments or settings,
69 PostgreSQL or another part is unavailable, 73 the home is owned by another process or its port is taken, 77 the home has put this host out,
130 forced by a second Ctrl-C`;

/** @throws invalid_input */
export function readArguments(args: string[]): SupervisorArguments {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        detach: { type: "boolean", short: "d", default: false },
        "stop-with": { type: "string", multiple: true, default: [] },
        example: { type: "boolean" },
        name: { type: "string" },
        "agent-name": { type: "string" },
        "time-zone": { type: "string" },
        "usd-per-day": { type: "string" },
        services: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new RoostError("invalid_input", `${describeFault(error as Error)}\n${usage}`, { cause: error });
  }
  const { values, positionals } = parsed;
  const [command = "up", ...rest] = positionals;
  if (values.help || command === "help") return { command: "help", isDetached: false, stopWith: [], first: {} };
  if ((command !== "up" && command !== "down") || rest.length > 0) {
    throw new RoostError("invalid_input", `"${positionals.join(" ")}" is neither up nor down\n${usage}`);
  }
  const { example, name, "agent-name": agentName, "time-zone": timeZone, "usd-per-day": usdPerDay, services } = values;
  const first = { example, name, agentName, timeZone, usdPerDay, services };
  checkFirstHome(first);
  return { command, isDetached: values.detach, stopWith: values["stop-with"].map(Number), first };
}

/** Without Node's advice on positional arguments, which no command here takes freely. */
function describeFault({ message }: Error): string {
  return message.split(". To specify")[0]!;
}

/** The options that say the same. */
export function writeFirstHome({ example, name, agentName, timeZone, usdPerDay, services }: FirstHome): string[] {
  const options = { name, "agent-name": agentName, "time-zone": timeZone, "usd-per-day": usdPerDay, services };
  const written = Object.entries(options).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option}=${value}`],
  );
  return example === true ? ["--example", ...written] : written;
}
