/** Starts a PostgreSQL program (initdb, postgres) as the server's user, and passes directories to it that it may not be able to reach by path. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { ServerUser } from "./server-user.ts";

/** Length of a program's output in error messages. */
export const outputCharsMax = 4_000;
const firstDirectoryFd = 3;

export interface ServerProgram {
  path: string;
  /** Gets the names under which the program finds `directories`. */
  arguments: (directories: string[]) => string[];
  directories: string[];
  user: ServerUser | undefined;
  environment?: Record<string, string>;
  /** Where both outputs go. */
  output: "pipe" | FileHandle;
  detached?: boolean;
}

/**
 * As root, the home may be below a directory that only root can enter (/root, a temporary directory). The program then inherits an open descriptor
 * of each directory and names it /proc/self/fd/N, which Linux resolves without walking the path. The server's children inherit the descriptors too.
 */
export async function startServerProgram(program: ServerProgram): Promise<ChildProcess> {
  const byDescriptor = program.user !== undefined && existsSync("/proc/self/fd");
  const handles: FileHandle[] = [];
  try {
    if (byDescriptor) for (const directory of program.directories) handles.push(await open(directory, "r"));
    const names = byDescriptor
      ? handles.map((_, index) => `/proc/self/fd/${firstDirectoryFd + index}`)
      : program.directories;
    const output = program.output === "pipe" ? "pipe" : program.output.fd;
    const child = spawn(program.path, program.arguments(names), {
      cwd: "/",
      // Without this process's environment: PGDATA, PGPORT and others would affect the server.
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", ...program.environment },
      stdio: ["ignore", output, output, ...handles.map((handle) => handle.fd)],
      detached: program.detached ?? false,
      ...(program.user === undefined ? {} : { uid: program.user.uid, gid: program.user.gid }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child;
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** Runs a program to its end; its outputs are kept up to a limit. */
export async function runServerProgram(
  program: Omit<ServerProgram, "output">,
): Promise<{ exitCode: number | null; output: string }> {
  const child = await startServerProgram({ ...program, output: "pipe" });
  let output = "";
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-outputCharsMax);
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { exitCode, output: output.trim() };
}
