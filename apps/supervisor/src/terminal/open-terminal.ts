import { readRoostCommand, type SupervisorConfig } from "../config.ts";
import { createTerminal, type ProcessTerminal } from "./create-terminal.ts";

/** For a file or a pipe. */
const columnsDefault = 120;

/** The terminal of this process, of which `stdout` is the output. */
export function openTerminal(config: SupervisorConfig, stdout: NodeJS.WriteStream): ProcessTerminal {
  let isListening = true;
  // The reader has gone: the terminal was closed, or the waiting parent of a detached process has exited.
  const stopWriting = () => {
    isListening = false;
  };
  stdout.on("error", stopWriting);
  if (config.isDetached) process.once("disconnect", stopWriting);
  return createTerminal({
    write: (text) => void (isListening && stdout.write(text)),
    isTerminal: stdout.isTTY,
    hasColor: stdout.isTTY && config.isColorWanted,
    columns: () => config.columns ?? (stdout.columns || columnsDefault),
    command: readRoostCommand(),
  });
}
