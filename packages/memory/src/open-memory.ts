/** Opens the memory of a home: its tables, its settings, and a first scan for changes made while Roost was down. */
import { mkdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@roost/base";
import { applyMigrations, readSchema, type SchemaFiles } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { partLimits } from "@roost/contract/part";
import { openObjects, type Bucket } from "@roost/objects";
import { KeptFiles } from "./disk/kept-files.ts";
import { FileHashes } from "./disk/file-hashes.ts";
import { LostHistory } from "./history/lost-history.ts";
import type { Memory } from "./memory.ts";
import { claimMirrorDir, openMirror } from "./mirror/open-mirror.ts";
import { refuseOutage } from "./refuse-outage.ts";
import { firstScan, scanHome } from "./scan/scan-home.ts";
import { readSettingsInForce } from "./settings-in-force.ts";
import { settleObjects } from "./settle-objects.ts";
import { createCalendar } from "./visibility/calendar.ts";
import { openEmbedder } from "./settings/open-embedder.ts";
import type { SecretSources } from "./settings/read-secret.ts";
import type { Settings } from "./settings/settings.ts";

export const memorySchema: SchemaFiles = { schema: "memory", directory: new URL("./migrations/", import.meta.url) };

export interface OpenMemoryOptions {
  kernel: Kernel;
  homeDir: string;
  logger: Logger;
  /** Default: those in force. */
  settings?: Settings;
  /** Of secrets that the settings name. Default: recall goes by words alone, whatever they name. */
  environment?: SecretSources["env"];
  /** Whether to migrate the schema first. Default true. */
  migrate?: boolean;
  /** For read-only callers: the home is not created, and neither versions of files nor parts are stored. */
  isReadOnly?: boolean;
  /** Where versions of files and parts are kept. Default: `.roost` of the home. */
  bucket?: Bucket | undefined;
  /** Where they are until this start, if that is another bucket. */
  bucketBefore?: Bucket | undefined;
  /** The home's disk is on another machine, whose files this process reads by their versions and writes by their records; `homeDir` is of this one. */
  isMirrored?: boolean;
  /** Whether to scan the home at once. Default: when migrating, so that one of many processes does. */
  scan?: boolean;
}

export async function openMemory(options: OpenMemoryOptions): Promise<Memory> {
  const { kernel, logger } = options;
  const { isReadOnly = false } = options;
  if (!isReadOnly) await mkdir(options.homeDir, { recursive: true, mode: 0o700 });
  const machineDir = await realpath(options.homeDir);
  const homeDir = options.isMirrored === true ? await claimMirrorDir(machineDir) : machineDir;
  if (options.migrate ?? true) await applyMigrations(kernel.database, await readSchema(memorySchema));
  if (!isReadOnly) await settleObjects(kernel, { ...options, homeDir }, { logger, isCarrier: options.migrate ?? true });
  const objects = { directory: join(machineDir, ".roost"), bucket: options.bucket, isReadOnly };
  const files = {
    kernel,
    homeDir,
    versions: await openObjects("objects", objects),
    parts: await openObjects("parts", { ...objects, objectBytesMax: partLimits.bytesMax }),
    keptFiles: new KeptFiles(),
    fileHashes: new FileHashes(),
    lostHistory: new LostHistory(),
    partsTaken: new Map(),
    keeping: new Map(),
    logger,
  };
  const mirror = options.isMirrored === true ? await openMirror(files) : undefined;
  const home = { ...files, mirror };
  await mirror?.refresh();
  const { settings, settingsText } =
    options.settings === undefined
      ? await readSettingsInForce(home)
      : { settings: options.settings, settingsText: undefined };
  const timeZone = settings.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const memory: Memory = {
    ...home,
    settings,
    settingsText,
    timeZone,
    calendar: createCalendar(timeZone),
    machineDir,
    embedder: options.environment && openEmbedder(settings, { homeDir: machineDir, env: options.environment }),
    // Kernel and database belong to the caller.
    async [Symbol.asyncDispose]() {
      if (mirror !== undefined) await rm(homeDir, { recursive: true, force: true });
    },
  };
  if (options.scan ?? options.migrate ?? true) await scanAtStart(memory);
  return memory;
}

/** The home comes up whatever it contains, and however much; the watch records the rest: only an unavailable database is an error. */
async function scanAtStart(memory: Memory): Promise<void> {
  try {
    await scanHome(memory, firstScan);
  } catch (error) {
    const { message } = refuseOutage(error);
    memory.logger.error("the home could not be scanned at its start; retrying", { error: message });
  }
}
