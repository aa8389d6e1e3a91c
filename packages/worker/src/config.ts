/** What a worker process takes from its environment; nothing else in this package reads it. */
import { QueueName } from "@roost/contract/operations";
import { readHomeConfig, type HomeConfig } from "@roost/models";
import { z } from "zod";

const queuesMax = 32;

const own = {
  ROOST_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(8),
  /** The queues whose runs it takes, the first before the others. */
  ROOST_QUEUES: z
    .string()
    .default("default")
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(QueueName).min(1).max(queuesMax)),
  /** Without a sign of life for this long the process counts as hung and its runs go on elsewhere. */
  ROOST_LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).optional(),
  /** How long runs may go on after a request to stop. */
  ROOST_GRACE_MS: z.coerce.number().int().min(0).max(600_000).optional(),
};

export type WorkerConfig = HomeConfig<typeof own>;

/** @throws RoostError `invalid_input` naming every variable that is wrong */
export function readWorkerConfig(environment: Record<string, string | undefined> = process.env): WorkerConfig {
  return readHomeConfig(own, environment, { process: "worker" });
}
