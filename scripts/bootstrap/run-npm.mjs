// Runs npm quietly: its output goes to a file, and its failure becomes a sentence that says what to do.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { InstallError } from "./install-error.mjs";

const shownLinesMax = 6;

/** The first match decides. npm prints the error code it gives up with. */
const advice = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|FETCH_ERROR/,
    "npm cannot reach its package registry: check the network (and proxy) and run this again",
  ],
  [/CERT|SELF_SIGNED/, "npm does not trust its registry's certificate: set NODE_EXTRA_CA_CERTS or npm's cafile"],
  [/ENOSPC/, "the disk is full: about 1 GB is needed"],
  [
    /EACCES|EPERM|EROFS/,
    "npm was not allowed to write: see below where, and make this user the owner of that directory",
  ],
  [/EINTEGRITY/, "a package does not match the lockfile: run `npm cache verify`, then this again"],
  [/EUSAGE/, "package-lock.json does not fit package.json: run `npm install` after changing dependencies"],
  [/E401|E403/, "the package registry refuses this user: check npm's registry and token"],
  [/ETARGET|E404/, "the package registry lacks a version of the lockfile: check which registry npm uses"],
];

/**
 * @param {string[]} args
 * @param {{ root: string, logFile: string, onStart: (pid: number) => void }} options
 * @throws {InstallError}
 */
export async function runNpm(args, options) {
  const log = openSync(options.logFile, "w");
  const { command, prefix } = findNpm();
  let outcome;
  try {
    outcome = await new Promise((resolve) => {
      const child = spawn(command, [...prefix, ...args], {
        cwd: options.root,
        env: cleanEnvironment(),
        stdio: ["ignore", log, log],
        shell: process.platform === "win32" && prefix.length === 0,
      });
      if (child.pid !== undefined) options.onStart(child.pid);
      child.once("error", (error) => resolve({ error }));
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
  } finally {
    closeSync(log);
  }
  if (outcome.code === 0) return;
  if (outcome.error) throw new InstallError(`npm does not start (${outcome.error.message}): is npm in PATH?`);
  if (outcome.signal) throw new InstallError(`npm was ended by ${outcome.signal}: run this again to continue`);
  throw new InstallError(describeFailure(args, readFileSync(options.logFile, "utf8"), options.logFile));
}

export function describeFailure(args, output, logFile) {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !/EBADENGINE|npm (warn|notice)/i.test(line));
  const found = advice.find(([pattern]) => pattern.test(lines.join("\n")));
  const what = found ? found[1] : "npm failed: its output is below";
  return [
    what,
    ...lines.slice(0, shownLinesMax).map((line) => `  ${line}`),
    `  (npm ${args[0]}, full output in ${logFile})`,
  ].join("\n");
}

/** The npm that runs this script, or else the one in PATH. */
function findNpm() {
  const running = process.env.npm_execpath;
  if (running !== undefined && basename(running) === "npm-cli.js")
    return { command: process.execPath, prefix: [running] };
  return { command: process.platform === "win32" ? "npm.cmd" : "npm", prefix: [] };
}

/** Without settings of the outer npm, or of a production shell, that would affect the inner one. */
function cleanEnvironment() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (
      /^npm_config_(workspaces?|include_workspace_root|global|omit|include|production|dry_run|json|prefix|local_prefix)$/i.test(
        name,
      )
    ) {
      delete env[name];
    }
  }
  delete env.NODE_ENV;
  delete env.NODE_OPTIONS;
  return env;
}

/** Quiet, and without long retries when the network is gone. */
export const npmArguments = [
  "--no-audit",
  "--no-fund",
  "--no-progress",
  "--no-update-notifier",
  "--loglevel=warn",
  "--fetch-retries=3",
  "--fetch-retry-mintimeout=500",
  "--fetch-retry-maxtimeout=5000",
];

/** The log of an npm run. */
export function npmLogFile(directory) {
  return join(directory, "npm.log");
}
