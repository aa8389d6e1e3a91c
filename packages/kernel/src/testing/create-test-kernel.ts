/** A kernel per test on its own database, with all migrations of the kernel and of the rooms named, and a movable clock. */
import assert from "node:assert/strict";
import { silentLogger, type Logger } from "@roost/base";
import type { EventDefinition } from "@roost/contract";
import { roostEvents } from "@roost/contract/events";
import {
  openDatabase,
  readSchema,
  type ApplyMigrationsOptions,
  type Database,
  type SchemaFiles,
} from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import type { EventSchema } from "../log/event-schema.ts";
import { isUpcast } from "../log/refuse-unfit-schema.ts";
import { toEventSchema } from "../log/schema-registry.ts";
import { openKernel, readSchemas, type Kernel, type RoomSchema } from "../open-kernel.ts";
import { findInvalidEvents } from "./find-invalid-events.ts";
import { controlTestClock, installTestClock, type TestClock } from "./test-clock.ts";

export { installTestClock, type TestClock } from "./test-clock.ts";

/** @throws at the end, when an event was written that its schema does not allow */
export interface TestKernel extends AsyncDisposable {
  kernel: Kernel;
  database: Database;
  url: string;
  /** After it resolves, the clocks of all kernels opened here have followed. */
  clock: TestClock;
  /** A second kernel with its own connections, as in another process. Closed with the first. */
  openAnother(options?: { poolMax?: number }): Promise<Kernel>;
}

export interface TestKernelOptions {
  /** Registered at the start. Default: Roost's own. */
  events?: readonly (EventDefinition | EventSchema)[];
  logger?: Logger;
  /** What the first kernel runs on, in place of the database itself. */
  wrap?: ((database: Database) => Database) | undefined;
  /** On a database that another test is done with: see createTestDatabase. Default true. */
  isReused?: boolean;
  /** Rooms whose tables are there too, in the kernel's schema or in one of their own. */
  rooms?: readonly TestRoom[];
}

type TestRoom = RoomSchema | SchemaFiles;

// Read and described once per process: every test asks for them.
const schemas = new WeakMap<readonly TestRoom[], ReturnType<typeof readAll>>();
const noRooms: readonly TestRoom[] = [];
const templates = new WeakMap<object, ReturnType<typeof templateWith>>();

/** createTestKernel for tests of what needs the tables of these rooms. */
export function testKernelWith(rooms: readonly TestRoom[]): typeof createTestKernel {
  return (options) => createTestKernel({ rooms, ...options });
}

export async function createTestKernel(options: TestKernelOptions = {}): Promise<TestKernel> {
  const logger = options.logger ?? silentLogger;
  const { rooms = noRooms } = options;
  if (!schemas.has(rooms)) schemas.set(rooms, readAll(rooms));
  const migrations = await schemas.get(rooms)!;
  await using opened = new AsyncDisposableStack();
  const { events = roostEvents, isReused = true } = options;
  const template = templates.get(events) ?? templateWith(events);
  templates.set(events, template);
  const { database, url } = opened.use(await createTestDatabase({ migrations, template, isReused }));
  const databaseClock = controlTestClock(database);
  const kernels: Kernel[] = [];
  const open = async (on: Database) => {
    const kernel = opened.use(await openKernel({ database: on, logger, migrate: false, events }));
    kernels.push(kernel);
    return kernel;
  };
  opened.defer(async () => assert.deepEqual(await findInvalidEvents(database), []));
  const kernel = await open(options.wrap?.(database) ?? database);
  const followAll = () => Promise.all(kernels.map((each) => each.syncClock()));
  const owned = opened.move();
  return {
    kernel,
    database,
    url,
    clock: {
      advance: async (ms) => void (await databaseClock.advance(ms), await followAll()),
      set: async (date) => void (await databaseClock.set(date), await followAll()),
    },
    async openAnother({ poolMax = 4 } = {}) {
      const another = owned.use(await openDatabase({ url, applicationName: "another process", logger, poolMax }));
      const anotherKernel = owned.use(await openKernel({ database: another, logger, migrate: false, events }));
      kernels.push(anotherKernel);
      return anotherKernel;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function readAll(rooms: readonly TestRoom[]): Promise<ApplyMigrationsOptions[]> {
  const within = rooms.filter((room) => "room" in room);
  const beside = rooms.filter((room) => "schema" in room);
  return [...(await readSchemas(within)), ...(await Promise.all(beside.map(readSchema)))];
}

/** A database with the topics already created: cloning them is several times cheaper. */
function templateWith(events: readonly (EventDefinition | EventSchema)[]): {
  key: string;
  prepare(database: Database): Promise<void>;
} {
  const content = events.map(toEventSchema).map((event) => ({ ...event, isUpcast: isUpcast(event) }));
  return {
    key: `test clock, events ${JSON.stringify(content)}`,
    async prepare(database) {
      await installTestClock(database);
      await using _kernel = await openKernel({ database, logger: silentLogger, migrate: false, events });
    },
  };
}
