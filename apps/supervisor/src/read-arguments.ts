import { parseArgs } from "node:util";
import { RoostError } from "@roost/base";

export interface SupervisorArguments {
  command: "up" | "down" | "help";
  /** Return when everything is ready, and leave it running. */
  isDetached: boolean;
  /** Pids of the processes that started this one: it stops when one of them ends. */
  stopWith: number[];
}

export const usage = `Usage: roost up [--detach]     start Roost on this machine, in the foreground unless detached
       roost down               stop it, however it was started

ROOST_HOME names the home (default ~/.roost). Exit codes: 0 stopped or detached, 64 invalid arguments or settings,
69 PostgreSQL or another part is unavailable, 73 the home is owned by another process, 130 forced by a second Ctrl-C`;

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
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new RoostError("invalid_input", `${(error as Error).message}\n${usage}`, { cause: error });
  }
  const { values, positionals } = parsed;
  const [command = "up", ...rest] = positionals;
  if (values.help || command === "help") return { command: "help", isDetached: false, stopWith: [] };
  if ((command !== "up" && command !== "down") || rest.length > 0) {
    throw new RoostError("invalid_input", `"${positionals.join(" ")}" is neither up nor down\n${usage}`);
  }
  return { command, isDetached: values.detach, stopWith: values["stop-with"].map(Number) };
}
