/**
 * A log file with a size limit: when full it becomes `.1`, older ones are renumbered and the oldest is deleted. write() is synchronous, so no line
 * is lost with the process. A failure to write is reported once and stops nothing.
 */
import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

export interface LogFileOptions {
  path: string;
  bytesMax?: number;
  /** Including the current one. */
  filesMax?: number;
  onFailure: (error: Error) => void;
}

export interface LogFile extends Disposable {
  /** Takes one line, ending in a line feed. */
  write(line: string): void;
}

const bytesMaxDefault = 10 * 1024 * 1024;
const filesMaxDefault = 5;

export function openLogFile(options: LogFileOptions): LogFile {
  const { path, bytesMax = bytesMaxDefault, filesMax = filesMaxDefault } = options;
  let descriptor: number | undefined;
  let bytes = 0;
  let hasFailed = false;

  const open = () => {
    descriptor = openSync(path, "a", 0o600);
    bytes = fstatSync(descriptor).size;
  };
  const close = () => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  const rotate = () => {
    close();
    rmSync(`${path}.${filesMax - 1}`, { force: true });
    for (let index = filesMax - 2; index >= 0; index -= 1)
      renameIfThere(index === 0 ? path : `${path}.${index}`, `${path}.${index + 1}`);
    open();
  };
  return {
    write(line) {
      try {
        if (descriptor === undefined) open();
        if (bytes > 0 && bytes + Buffer.byteLength(line) > bytesMax) rotate();
        bytes += writeSync(descriptor as number, line);
        hasFailed = false;
      } catch (error) {
        if (!hasFailed) options.onFailure(error as Error);
        hasFailed = true;
      }
    },
    [Symbol.dispose]: close,
  };
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
