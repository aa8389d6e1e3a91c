/** The kernel of one process: the log, its schemas, its wake-ups and its clock over one database, which it does not own. */
import { createId as createProcessId, systemClock, type Clock, type Logger } from "@roost/base";
import {
  applyMigrations,
  readFunctions,
  readMigrations,
  type ApplyMigrationsOptions,
  type Database,
  type TransactOptions,
} from "@roost/database";
import manifest from "../package.json" with { type: "json" };
import type { EventDefinition } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import { createBatches, type Batches } from "./batches/create-batches.ts";
import type { Appended } from "./log/append-events.ts";
import { appendInBatches } from "./log/append-in-batches.ts";
import { openDatabaseClock } from "./log/database-clock.ts";
import type { EventDraft, EventPosition } from "./log/event.ts";
import type { EventSchema } from "./log/event-schema.ts";
import { createLogFeed, type LogFeed } from "./log/create-log-feed.ts";
import { createLabelSets, type LabelSets } from "./log/label-sets.ts";
import { openSchemaRegistry, type SchemaRegistry } from "./log/schema-registry.ts";
import { createSegmentKeeper } from "./log/segments.ts";
import { transact, type KernelTransaction } from "./transact.ts";
import { createStreams } from "./wakeups/create-streams.ts";
import { createWakeups } from "./wakeups/create-wakeups.ts";
import type { Streams } from "./wakeups/streams.ts";
import type { Wakeups } from "./wakeups/wakeups.ts";

export const kernelSchema = "roost";

/** The kernel's tables and functions, as applyMigrations takes them. */
export async function readKernelSchema(): Promise<ApplyMigrationsOptions> {
  const [migrations, files] = await Promise.all([
    readMigrations(new URL("./migrations/", import.meta.url)),
    readFunctions(new URL("./functions/", import.meta.url)),
  ]);
  return { schema: kernelSchema, migrations, functions: { program: manifest.version, files } };
}

/** A room that keeps tables of its own in the kernel's schema, because it writes them in the kernel's transaction. */
export interface RoomSchema {
  room: string;
  /** Of its migrations. */
  directory: URL;
}

/** The schema of the kernel, then those of the rooms. */
export async function readSchemas(rooms: readonly RoomSchema[]): Promise<ApplyMigrationsOptions[]> {
  return await Promise.all([
    readKernelSchema(),
    ...rooms.map(async ({ room, directory }) => ({
      schema: kernelSchema,
      room,
      migrations: await readMigrations(directory),
    })),
  ]);
}

export interface Kernel extends AsyncDisposable {
  readonly database: Database;
  readonly registry: SchemaRegistry;
  /** This process's estimate of the database's clock: for everything it shows or computes. SQL uses roost.now(). */
  readonly clock: Clock;
  /** How far this machine's clock is ahead of the database's, when it was last compared. */
  skewMs(): number;
  /** Label sets by number, as rows name them. */
  readonly labelSets: LabelSets;
  readonly wakeups: Wakeups;
  /** Reads the log for all streams of this process. */
  readonly feed: LogFeed;
  /** Behind publishStream and watchStream. */
  readonly streams: Streams;
  /** Groups small writes of one kind. */
  readonly batches: Batches;
  readonly logger: Logger;
  createId(): string;
  /** Reads the database's clock again. */
  syncClock(): Promise<void>;
  /**
   * Runs `work` in one transaction; the events it emits are appended by one statement right before the commit. After a deadlock or a serialization
   * failure all of it is repeated. Nothing in it may wait for a model or the network, nor for `append`.
   * @throws RoostError `unavailable` with `details.outcome` "unknown" when the connection was lost during the commit: check before repeating,
   * unless it has an idempotency key
   */
  transact<T>(work: (tx: KernelTransaction) => Promise<T>, options?: TransactOptions): Promise<T>;
  /**
   * Appends events, all or none of one call, grouped with concurrent appends. Resolved means durable.
   * @throws RoostError `invalid_input` before anything is queued, `limit_exceeded` when too much is waiting, `unavailable` with
   * `details.outcome` "unknown" when the connection was lost during the commit: a repetition may append twice unless it has an idempotency key
   */
  append(drafts: readonly EventDraft[], options?: { signal?: AbortSignal | undefined }): Promise<EventPosition[]>;
}

export interface OpenKernelOptions {
  database: Database;
  logger: Logger;
  /** This machine's clock; the kernel's own follows the database. */
  clock?: Clock | undefined;
  createId?: (() => string) | undefined;
  /** CloudEvents `source` of events that name none. Default "roost". */
  source?: string | undefined;
  /** Whether to migrate the schema first. Default true. */
  migrate?: boolean | undefined;
  /** Rooms whose tables are migrated with the kernel's. Default: none. */
  rooms?: readonly RoomSchema[] | undefined;
  /** Registered at the start. Default: Roost's own. */
  events?: readonly (EventDefinition | EventSchema)[] | undefined;
  /** No other process uses the database, so that none is told of what happens. */
  isAlone?: boolean | undefined;
}

export async function openKernel(options: OpenKernelOptions): Promise<Kernel> {
  const { database, logger } = options;
  const createId = options.createId ?? createProcessId;
  if (options.migrate ?? true) {
    for (const schema of await readSchemas(options.rooms ?? [])) await applyMigrations(database, schema);
  }
  const registry = await openSchemaRegistry(database);
  await registry.register(options.events ?? roostEvents);

  await using opened = new AsyncDisposableStack();
  const local = options.clock ?? systemClock;
  const databaseClock = opened.use(await openDatabaseClock(database, { local, logger }));
  const origin = createProcessId();
  const wakeups = opened.use(await createWakeups({ database, logger, origin, isAlone: options.isAlone }));
  const streams = opened.use(createStreams({ database, logger, origin }));
  const feed = opened.use(createLogFeed({ database, logger, wakeups }));
  const segments = opened.use(createSegmentKeeper({ database, logger }));
  const onAppended = (appended: Appended) => {
    for (const head of appended.heads) segments.noticeHead(head);
    for (const topic of new Set(appended.heads.map((head) => head.topic))) wakeups.wake(`log:${topic}`);
  };
  const labelSets = createLabelSets();
  const context = {
    database,
    logger,
    registry,
    labelSets,
    wakeups,
    createId,
    onAppended,
    source: options.source ?? "roost",
  };
  const batches = opened.use(createBatches({ logger }));
  // The database's clock was moved: only tests and rehearsals do that.
  opened.use(wakeups.subscribe("clock", databaseClock.syncSoon));
  let isClosed = false;
  opened.defer(() => void (isClosed = true));
  const learnSchemas = () =>
    void registry.refresh().catch((error: unknown) => {
      // Overtaken by the end of this process, it needs none.
      if (!isClosed) logger.warn("new event types were not learned", { error });
    });
  // A service was installed: its event types must be known before the first of them is read.
  opened.use(wakeups.subscribe("schemas", learnSchemas));
  const owned = opened.move();
  return {
    database,
    registry,
    labelSets,
    clock: databaseClock.clock,
    skewMs: databaseClock.skewMs,
    wakeups,
    feed,
    streams,
    batches,
    logger,
    createId,
    syncClock: databaseClock.sync,
    transact: (work, transactOptions) => transact(context, work, transactOptions),
    append: (drafts, appendOptions) => appendInBatches({ ...context, batches }, drafts, appendOptions),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
