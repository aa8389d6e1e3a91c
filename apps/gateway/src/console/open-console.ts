/**
 * The console's built files, kept in memory. They are built again by a process of its own when their sources have changed; until then, and when that
 * fails, there is a page that says so. Knows nothing of requests.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { glob, mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import { RoostError, type Logger } from "@roost/base";

/** Links for the head of a page: files that it needs first, and answers of the API, which only a browser that is signed in can have. */
export interface PageHints {
  files: string;
  asks: string;
}

export type ConsoleState =
  | { kind: "ready"; files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>; hints: Readonly<Record<string, PageHints>> }
  | { kind: "building" }
  | { kind: "failed"; why: string };

export interface BuiltConsole {
  state(): ConsoleState;
  /** Resolves when it is ready or has failed. */
  settled: Promise<void>;
}

/** What the bundle is made from, from the clone's root. */
const sources = [
  "apps/console/{src,build,public}/**/*",
  "apps/console/{index.html,package.json}",
  "services/*/{console,contract}/**/*",
  "services/*/contract.ts",
  "packages/{base,contract}/src/**/*.ts",
  "package-lock.json",
];
const whyCharsMax = 4_000;
const buildMsMax = 120_000;
/** Builds that are kept, for gateways of other homes that still serve the one before. */
const builtKept = 3;

export interface OpenConsoleOptions {
  /** The clone. */
  root: string;
  logger: Logger;
  signal: AbortSignal;
}

export function openConsole(options: OpenConsoleOptions): BuiltConsole {
  let state: ConsoleState = { kind: "building" };
  const open = async () => {
    const directory = await build(options);
    state = { kind: "ready", ...(await load(directory)) };
  };
  const settled = open().catch((error: Error) => {
    state = { kind: "failed", why: error.message.slice(0, whyCharsMax) };
    if (!options.signal.aborted) options.logger.error("The console could not be built", { error });
  });
  return { state: () => state, settled };
}

/** The directory of the build of the present sources. */
async function build({ root, logger, signal }: OpenConsoleOptions): Promise<string> {
  const parent = join(root, "node_modules/.roost/console");
  const name = await hashSources(root);
  const directory = join(parent, name);
  if (await isBuilt(directory)) return directory;
  await mkdir(parent, { recursive: true });
  const unfinished = `${directory}.${process.pid}`;
  logger.info("Building the console");
  try {
    await runBuild(root, unfinished, signal);
    // Another gateway may have been first.
    await rename(unfinished, directory).catch(async (error: unknown) => {
      if (!(await isBuilt(directory))) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  await dropOld(parent, name);
  logger.info("The console is built");
  return directory;
}

async function hashSources(root: string): Promise<string> {
  const paths = (await Array.fromAsync(glob(sources, { cwd: root }))).toSorted();
  const hash = createHash("sha256");
  for (const path of paths) {
    if (path.includes(".test.")) continue;
    const bytes = await readFile(join(root, path)).catch(() => undefined);
    if (bytes !== undefined) hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 24);
}

async function runBuild(root: string, directory: string, signal: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [join(root, "apps/console/build/main.ts"), directory], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(buildMsMax)]),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  const [code, said] = await Promise.all([ended, readText(child.stderr)]);
  if (code !== 0) throw new RoostError("internal", said.trim() || `the build ended with ${code}`);
}

async function isBuilt(directory: string): Promise<boolean> {
  return readFile(join(directory, "hints.json")).then(
    () => true,
    () => false,
  );
}

async function dropOld(parent: string, current: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name !== current);
  for (const name of names.slice(0, Math.max(0, names.length - builtKept + 1)))
    await rm(join(parent, name), { recursive: true, force: true });
}

async function load(directory: string): Promise<Omit<Extract<ConsoleState, { kind: "ready" }>, "kind">> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${path.slice(directory.length + 1).replaceAll("\\", "/")}`, new Uint8Array(await readFile(path)));
  }
  const hints = JSON.parse(new TextDecoder().decode(files.get("/hints.json"))) as Record<string, PageHints>;
  return { files, hints };
}
