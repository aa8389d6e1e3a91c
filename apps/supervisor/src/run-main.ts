import { nameCommands, toRoostError } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { readRoostCommand } from "./config.ts";

/** Ends the process with what `main` returns, or with its error as a person reads it on `stderr`. */
export async function runMain(main: () => Promise<number>, stderr: NodeJS.WritableStream): Promise<never> {
  try {
    process.exit(await main());
  } catch (thrown) {
    const error = toRoostError(thrown);
    const text = error.code === "internal" ? (error.stack ?? error.message) : error.message;
    stderr.write(`${nameCommands(text, readRoostCommand())}\n`);
    process.exit(exitCodeOf(error.code));
  }
}
