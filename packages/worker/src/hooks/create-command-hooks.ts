/**
 * Hooks that are commands: confined, without a network, told what happens as JSON on their standard input. They answer with JSON, or with nothing;
 * another exit than 0 is a failure.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HookAnswer } from "@roost/agent";
import { RoostError } from "@roost/base";
import type { HookSettings } from "@roost/memory/settings";
import { runConfined, type FoundSandbox } from "@roost/sandbox";
import { z } from "zod";
import type { Hook } from "./create-run-hooks.ts";

const limits = { timeMsMax: 5_000, memoryBytesMax: 256 * 1024 * 1024, processesMax: 32, outputBytesMax: 64 * 1024 };

const Answer = z.strictObject({ refuse: z.string().min(1).optional(), note: z.string().min(1).optional() });

export interface CommandHooksOptions {
  hooks: readonly HookSettings[];
  homeDir: string;
  findSandbox: () => Promise<FoundSandbox>;
  /** Why a file of the home is held; undefined: it is not. */
  whyHeld: (path: string) => Promise<string | undefined>;
}

/** Commands see `hooks/` of the home, and are found there when they are named so: `hooks/check.sh`. */
export function createCommandHooks({ hooks, homeDir, findSandbox, whyHeld }: CommandHooksOptions): Hook[] {
  let sandbox: Promise<FoundSandbox> | undefined;
  return hooks.map(({ name, at, tools, agents, command }): Hook => ({
    name,
    at,
    tools,
    agents,
    mark: JSON.stringify(command),
    run: async (asked, { signal }) => {
      const found = await (sandbox ??= findSandbox());
      if (!found.isUsable) throw new RoostError("unavailable", `commands run in a sandbox alone: ${found.reason}`);
      for (const path of command.filter((word) => word.startsWith("hooks/"))) {
        const held = await whyHeld(path);
        if (held !== undefined) throw new RoostError("forbidden", `${path}: ${held}`);
      }
      const directory = join(homeDir, ".roost", "exec", "hooks", name);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const program = command.map((word) => (word.startsWith("hooks/") ? join(homeDir, word) : word));
      const readable = [join(homeDir, "hooks")];
      const { end, exitCode, output } = await runConfined(program, {
        directory,
        readable,
        limits,
        signal,
        input: `${JSON.stringify(asked)}\n`,
      });
      const text = output.toString("utf8").trim();
      if (end !== "exited" || exitCode !== 0)
        throw new RoostError(
          "unavailable",
          `${end === "exited" ? `it ended with ${exitCode}` : `it broke its limit of ${end}`}: ${text.slice(0, 300)}`,
        );
      return readAnswer(text);
    },
  }));
}

function readAnswer(text: string): HookAnswer {
  if (text === "") return {};
  try {
    const { refuse, note } = Answer.parse(JSON.parse(text));
    return { refuse, note };
  } catch (cause) {
    throw new RoostError(
      "invalid_input",
      `its answer is not {"refuse": …}, {"note": …} or nothing: ${text.slice(0, 200)}`,
      { cause },
    );
  }
}
