/**
 * Hosts services in one process: any number of them with one lease, one connection that listens and one look a poll. Each runs with the
 * rights of its own role; starting and stopping one leaves the others alone.
 */
import { hostname } from "node:os";
import { createId, sleepUntilAborted, type Clock, type Logger } from "@roost/base";
import { sqlStateOf, type Database } from "@roost/database";
import { createWakeups, type Wakeups } from "@roost/kernel";
import { hostService, type HostedService, type HostedServiceOptions } from "./host-service.ts";

export interface ServiceHostOptions {
  /** Connected as the role of any service that is hosted: for the lease, wake-ups and looks of the whole process. */
  link: Database;
  clock: Clock;
  logger: Logger;
  /** Address to listen on. Default: loopback. */
  address?: string | undefined;
  /** What the machine is called in lists. Default: its host name. */
  host?: string | undefined;
  /** How often the process looks for what wake-ups have not told. */
  pollMs?: number | undefined;
}

export interface ServiceHost extends AsyncDisposable {
  readonly id: string;
  /** Aborted when the database refuses the link: nothing can be hosted any more. */
  readonly refused: AbortSignal;
  readonly wakeups: Pick<Wakeups, "watch">;
  /** Adds an instance of a service; it leaves when disposed, or with the host. */
  add(options: Pick<HostedServiceOptions, "service" | "installed" | "database" | "port">): Promise<HostedService>;
}

const leaseMs = 15_000;
const pollMsDefault = 2_000;

export async function openServiceHost(options: ServiceHostOptions): Promise<ServiceHost> {
  const { link, clock, logger, address = "127.0.0.1", host = hostname(), pollMs = pollMsDefault } = options;
  const id = createId();
  const hosted = new Map<string, HostedService>();
  const stopping = new AbortController();
  const refused = new AbortController();
  await using opened = new AsyncDisposableStack();
  const wakeups = opened.use(await createWakeups({ database: link, logger, origin: id }));
  const look = async () => {
    const [row] = await link.query<{ isKnown: boolean; due: [service: string, consumer: string][] }>(
      `select is_known as "isKnown", due from service.beat_1($1, $2)`,
      [id, leaseMs],
      { name: "roost_beat" },
    );
    if (row?.isKnown === false) await Promise.all([...hosted.values()].map((each) => each.announce()));
    for (const [service, consumer] of row?.due ?? []) hosted.get(service)?.wake(consumer);
  };
  const beat = async () => {
    while (await sleepUntilAborted(pollMs, { signal: stopping.signal, keepAlive: false }))
      await look().catch((error: unknown) => {
        logger.warn("the lease of the services could not be renewed", { error });
        // The role is gone or has another password.
        if (sqlStateOf(error)?.startsWith("28")) refused.abort(error);
      });
  };
  const beating = beat();
  opened.defer(async () => {
    stopping.abort();
    await Promise.all([beating, ...[...hosted.values()].map((each) => each[Symbol.asyncDispose]())]);
  });
  const owned = opened.move();
  const process = { id, host, leaseMs, address, wakeups };
  return {
    id,
    refused: refused.signal,
    wakeups,
    async add(given) {
      const service = await hostService({ ...given, clock, logger, process });
      const { name } = given.installed;
      hosted.set(name, service);
      return {
        ...service,
        [Symbol.asyncDispose]: async () => {
          if (hosted.get(name) === service) hosted.delete(name);
          await service[Symbol.asyncDispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
