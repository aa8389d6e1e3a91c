/** What a worker process reads from its environment; nothing else in this package reads it. */
import { Needs, QueueName } from "@roost/contract/operations";
import { readHomeConfig, type HomeConfig } from "@roost/models";
import { z } from "zod";

const queuesMax = 32;

const own = {
  ROOST_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(8),
  /** The queues whose runs it takes, first ones first. */
  ROOST_QUEUES: z
    .string()
    .default("default")
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(QueueName).min(1).max(queuesMax)),
  /** What this host offers to jobs and agents that need it. Of the environment, since the settings are the same on every host. */
  ROOST_CAPABILITIES: z
    .string()
    .default("")
    .transform((text) =>
      text
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== ""),
    )
    .pipe(Needs),
  /** Of the gateway, for a worker that does not run beside one. */
  ROOST_URL: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ""))
    .optional(),
  /** After this long without a heartbeat the process counts as hung and its runs continue elsewhere. */
  ROOST_LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).optional(),
  /** How long runs may continue after a request to stop. */
  ROOST_GRACE_MS: z.coerce.number().int().min(0).max(600_000).optional(),
};

export type WorkerConfig = HomeConfig<typeof own>;

/** @throws RoostError `invalid_input`, naming every invalid variable */
export function readWorkerConfig(environment: Record<string, string | undefined> = process.env): WorkerConfig {
  return readHomeConfig(own, environment, { process: "worker" });
}
