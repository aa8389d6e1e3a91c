/**
 * LISTEN for a whole Database over one dedicated connection, opened with the first subscription and closed with the last, unless an idle one is kept.
 * Owns reconnecting.
 * Notifications are hints: certainty needs polling.
 */
import { backoffMs, jitteredMs, type Logger, RoostError, sleepUntilAborted } from "@roost/base";
import { escapeIdentifier } from "pg";
import { connectClient, type ConnectionSettings, type PgClient } from "./connect-client.ts";
import { toDatabaseError } from "./to-database-error.ts";

export type OnPayload = (payload: string) => void;

export interface Listener extends AsyncDisposable {
  listen(channel: string, onPayload: OnPayload): Promise<AsyncDisposable>;
}

const channelBytesMax = 63;
/** Payloads of one channel that are delivered in a window. What comes beyond them is one empty payload, as after a lost connection: anyone may notify. */
const deliveredMax = 2_000;
const windowMs = 500;
const reconnectBackoff = { firstMs: 50, maxMs: 5_000 };

export interface ListenerOptions {
  logger: Logger;
  /** The connection stays when nothing is subscribed, and then does not keep the process going. Default false. */
  keepsIdle?: boolean;
}

export function createListener(settings: ConnectionSettings, options: ListenerOptions): Listener {
  return new ReconnectingListener(settings, options);
}

class ReconnectingListener implements Listener {
  readonly #settings: ConnectionSettings;
  readonly #logger: Logger;
  readonly #keepsIdle: boolean;
  readonly #channels = new Map<string, Set<OnPayload>>();
  readonly #closed = new AbortController();
  /** Of the window that is open: how many each channel got. */
  readonly #delivered = new Map<string, number>();
  #windowEnd: NodeJS.Timeout | undefined;
  #client: PgClient | undefined;
  /** A loop is trying to connect; once connected it listens to every channel and calls every subscriber. */
  #isReconnecting = false;
  #reconnected: Promise<void> = Promise.resolve();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(settings: ConnectionSettings, { logger, keepsIdle = false }: ListenerOptions) {
    this.#settings = settings;
    this.#logger = logger;
    this.#keepsIdle = keepsIdle;
  }

  async listen(channel: string, onPayload: OnPayload): Promise<AsyncDisposable> {
    const bytes = Buffer.byteLength(channel);
    if (bytes === 0 || bytes > channelBytesMax) {
      throw new RoostError(
        "invalid_input",
        `channel "${channel}" has ${bytes} bytes: it needs 1 to ${channelBytesMax}`,
      );
    }
    // Wrapped, so that a function subscribed twice is two subscriptions.
    const subscriber: OnPayload = (payload) => onPayload(payload);
    await this.#inTurn(() => this.#subscribe(channel, subscriber));
    return {
      [Symbol.asyncDispose]: () => this.#inTurn(() => this.#unsubscribe(channel, subscriber)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    clearTimeout(this.#windowEnd);
    this.#channels.clear();
    await this.#reconnected;
    await this.#inTurn(() => this.#disconnect());
  }

  // Runs subscribing, unsubscribing and closing one at a time.
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #subscribe(channel: string, subscriber: OnPayload): Promise<void> {
    if (this.#closed.signal.aborted) throw new RoostError("unavailable", "the database was closed");
    const subscribers = this.#channels.get(channel) ?? new Set();
    const isFirst = subscribers.size === 0;
    subscribers.add(subscriber);
    this.#channels.set(channel, subscribers);
    if (this.#isReconnecting) return;
    this.#client?.ref();
    try {
      if (this.#client === undefined) await this.#connect();
      else if (isFirst) await this.#client.query(`LISTEN ${escapeIdentifier(channel)}`);
    } catch (thrown) {
      const error = toDatabaseError(thrown);
      // The connection is lost but 'end' is still to come: the reconnect includes the channel.
      const client = this.#client;
      if (client !== undefined && error.code === "unavailable") {
        void client.end().catch(() => undefined);
        this.#onLost(client);
      }
      if (this.#isReconnecting) return;
      this.#forget(channel, subscriber);
      throw error;
    }
  }

  async #unsubscribe(channel: string, subscriber: OnPayload): Promise<void> {
    if (!this.#forget(channel, subscriber)) return;
    const isIdle = this.#channels.size === 0;
    // If the connection is lost now, the reconnect leaves the channel out.
    if (!isIdle || this.#keepsIdle)
      await this.#client?.query(`UNLISTEN ${escapeIdentifier(channel)}`).catch(() => undefined);
    if (isIdle) await this.#idle();
  }

  async #idle(): Promise<void> {
    if (this.#keepsIdle) this.#client?.unref();
    else await this.#disconnect();
  }

  /** Returns whether the channel has no subscribers left. */
  #forget(channel: string, subscriber: OnPayload): boolean {
    const subscribers = this.#channels.get(channel);
    if (!subscribers?.delete(subscriber) || subscribers.size > 0) return false;
    return this.#channels.delete(channel);
  }

  async #connect(): Promise<void> {
    const applicationName = `${this.#settings.applicationName} listen`;
    const client = await connectClient({ ...this.#settings, applicationName });
    let isLost = false;
    client.on("end", () => {
      isLost = true;
      this.#onLost(client);
    });
    client.on("notification", ({ channel, payload }) => this.#deliverLimited(channel, payload ?? ""));
    try {
      // Iterating a Map includes channels added meanwhile.
      for (const channel of this.#channels.keys()) await client.query(`LISTEN ${escapeIdentifier(channel)}`);
      if (isLost) throw new RoostError("unavailable", "the connection to PostgreSQL was lost at once");
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    this.#client = client;
  }

  #onLost(client: PgClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (this.#closed.signal.aborted) return;
    this.#isReconnecting = true;
    this.#reconnected = this.#reconnect();
  }

  /** Never rejects. */
  async #reconnect(): Promise<void> {
    this.#logger.warn("lost the connection that listens for notifications", {
      channels: [...this.#channels.keys()],
    });
    for (let failureCount = 1; ; failureCount += 1) {
      const waitMs = jitteredMs(backoffMs(failureCount, reconnectBackoff));
      const slept = await sleepUntilAborted(waitMs, { signal: this.#closed.signal });
      if (!slept || this.#channels.size === 0) break;
      try {
        await this.#connect();
        break;
      } catch (error) {
        this.#logger.debug("cannot listen yet", { reason: toDatabaseError(error).message });
      }
    }
    this.#isReconnecting = false;
    if (this.#client === undefined) return;
    // The last subscriber left while it connected.
    if (this.#channels.size === 0) return await this.#idle();
    for (const channel of this.#channels.keys()) this.#deliver(channel, "");
  }

  #deliverLimited(channel: string, payload: string): void {
    const count = (this.#delivered.get(channel) ?? 0) + 1;
    this.#delivered.set(channel, count);
    this.#windowEnd ??= setTimeout(() => this.#endWindow(), windowMs).unref();
    if (count <= deliveredMax) this.#deliver(channel, payload);
  }

  #endWindow(): void {
    this.#windowEnd = undefined;
    const flooded = [...this.#delivered].filter(([, count]) => count > deliveredMax);
    this.#delivered.clear();
    for (const [channel, count] of flooded) {
      this.#logger.warn("more notifications than are delivered one by one", { channel, count, windowMs, deliveredMax });
      this.#deliver(channel, "");
    }
  }

  #deliver(channel: string, payload: string): void {
    for (const subscriber of this.#channels.get(channel) ?? []) {
      try {
        subscriber(payload);
      } catch (error) {
        this.#logger.error("a subscriber threw", { channel, error });
      }
    }
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    client?.ref();
    await client?.end().catch(() => undefined);
  }
}
