// Passes a command to the pinned Node. npm puts node_modules/.bin first in PATH, so after the first time this process is that Node already and
// simply loads the entry; otherwise it starts one and waits.
import { spawn } from "node:child_process";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureInstalled } from "./ensure-installed.mjs";
import { findNpmProcess } from "./find-npm-process.mjs";
import { InstallError } from "./install-error.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Node's compile cache: a program starts in a third of the time and two thirds of the memory. */
export const compileCache = join(root, "node_modules/.roost/compile-cache");

const forwardedSignals = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * @param {string} entry path of a program below the root
 * @param {string[]} args
 * @param {{ stopsWithStarter?: boolean }} [options] stop the program when npm, or this process in between, is killed: otherwise
 * it could not be stopped from the terminal
 */
export async function runEntry(entry, args, { stopsWithStarter = false } = {}) {
  try {
    const { nodePath, nodeVersion } = await ensureInstalled(root);
    if (process.version === nodeVersion) {
      nodeModule.enableCompileCache?.(compileCache);
      process.argv = [
        process.argv[0],
        join(root, entry),
        ...args,
        ...(stopsWithStarter ? stopWith(findNpmProcess()) : []),
      ];
      await import(pathToFileURL(join(root, entry)).href);
    } else {
      const starters = stopsWithStarter ? [...stopWith(findNpmProcess()), ...stopWith(process.pid)] : [];
      await spawnEntry(nodePath, entry, [...args, ...starters]);
    }
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function stopWith(pid) {
  return pid === undefined ? [] : [`--stop-with=${pid}`];
}

async function spawnEntry(nodePath, entry, args) {
  const child = spawn(nodePath, [join(root, entry), ...args], {
    stdio: "inherit",
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
  });
  for (const signal of forwardedSignals) process.on(signal, () => child.kill(signal));
  const { code, signal, error } = await new Promise((resolve) => {
    child.once("error", (cause) => resolve({ error: cause }));
    child.once("close", (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  });
  if (error)
    throw new InstallError(`${nodePath} does not start (${error.message}): delete node_modules and run this again`);
  process.exitCode = signal ? 128 + (constants.signals[signal] ?? 0) : code;
}
