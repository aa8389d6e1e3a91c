/** The home's database: the one of DATABASE_URL, or the bundled PostgreSQL, restarted when it ends. Clients reconnect by themselves. */
import { formatDurationMs, sleepUntilAborted, toRoostError, type Logger } from "@roost/base";
import { openDatabase, openEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresStage } from "@roost/database";

export interface KeepDatabaseOptions {
  /** Replaces the bundled one. */
  url: string | undefined;
  /** Data directory of the bundled one. */
  directory: string;
  logger: Logger;
  onStage: (stage: EmbeddedPostgresStage) => void;
  /** Ends the wait for an external database that is down. */
  stop: AbortSignal;
  /** It ended and will be restarted, or is not up yet. */
  onLost: (reason: string) => void;
  /** It is back, possibly at another address. */
  onBack: (hasMoved: boolean) => void;
}

export interface KeptDatabase {
  /** Its current address. */
  url(): string;
  /** For a person: "PostgreSQL (process 12)". */
  readonly description: string;
  stop(): Promise<void>;
}

const firstDelayMs = 100;
const delayMsMax = 30_000;

/** Waits for an external database that is down. @throws RoostError that says what the person can do; the reason of `stop` when aborted */
export async function keepDatabase(options: KeepDatabaseOptions): Promise<KeptDatabase> {
  return options.url === undefined ? keepEmbedded(options) : useGiven(options.url, options);
}

async function useGiven(url: string, { logger, stop, onLost }: KeepDatabaseOptions): Promise<KeptDatabase> {
  let told: string | undefined;
  for (let waitMs = firstDelayMs; ; waitMs = Math.min(delayMsMax, waitMs * 2)) {
    try {
      await using database = await openDatabase({ url, poolMax: 1, applicationName: "roost supervisor", logger });
      const [row] = await database.query<{ version: string }>("SELECT current_setting('server_version') AS version");
      return { url: () => url, description: `PostgreSQL ${row?.version} of DATABASE_URL`, stop: async () => undefined };
    } catch (error) {
      const { message, retryable } = toRoostError(error);
      // Refused for its name or credentials: waiting does not help.
      if (!retryable) throw error;
      logger.warn("the database of DATABASE_URL is not up yet", { error, nextMs: waitMs });
      if (message !== told)
        onLost(
          `${message}; waiting for the database of DATABASE_URL, retrying at least every ${formatDurationMs(delayMsMax)}`,
        );
      told = message;
      await sleepUntilAborted(waitMs, { signal: stop });
      stop.throwIfAborted();
    }
  }
}

async function keepEmbedded(options: KeepDatabaseOptions): Promise<KeptDatabase> {
  const { directory: dir, logger, onStage: onProgress } = options;
  const stopping = new AbortController();
  const open = () => openEmbeddedPostgres({ dir, logger, onProgress });
  let postgres = await open();
  let reopening: Promise<void> = Promise.resolve();
  const watch = (opened: EmbeddedPostgres) => {
    opened.lost.addEventListener("abort", () => {
      if (!stopping.signal.aborted) reopening = reopen(opened);
    });
  };
  const reopen = async (opened: EmbeddedPostgres) => {
    options.onLost((opened.lost.reason as Error).message);
    for (let delayMs = firstDelayMs; !stopping.signal.aborted; delayMs = Math.min(delayMsMax, delayMs * 2)) {
      try {
        postgres = await open();
        watch(postgres);
        options.onBack(postgres.url !== opened.url);
        return;
      } catch (error) {
        logger.error("PostgreSQL could not be restarted", { error, nextMs: delayMs });
        options.onLost(`${(error as Error).message}; retrying`);
        await sleepUntilAborted(delayMs, { signal: stopping.signal });
      }
    }
  };
  watch(postgres);
  return {
    url: () => postgres.url,
    description: `PostgreSQL (process ${postgres.pid}${postgres.adopted ? ", already running" : ""})`,
    async stop() {
      stopping.abort();
      await reopening;
      await postgres.stop();
    },
  };
}
