/** Who takes part in the comparison, and with which program and mode. Peers that batch stand apart from those that do not. */
import { fileURLToPath } from "node:url";
import type { WorkloadName } from "./peer.ts";

export interface PeerVariant {
  /** What `--only` names; the modes of one peer share it. */
  peer: string;
  key: string;
  label: string;
  program: string;
  mode: string;
  /** Whether work of several callers or jobs travels together, or is fetched ahead. */
  isBatched: boolean;
  workloads: readonly WorkloadName[];
}

export const peersDirectory = fileURLToPath(new URL("../../peers/", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));

export const peerVariants: readonly PeerVariant[] = [
  roost("single", "Roost, one run a transaction", ["claim"]),
  roost("worker", "Roost, its worker", ["claim", "stick", "cron", "recovery"]),
  roost("ahead", "Roost, claimed ahead", ["claim", "stick"], { isBatched: true }),
  roost("steps", "Roost, steps that may run again", ["steps"]),
  roost("effects", "Roost, steps that must not run again", ["steps"]),
  roost("transact", "Roost, each append a transaction", ["append"]),
  roost("append", "Roost, appends travel together", ["append", "read"], { isBatched: true }),
  {
    peer: "raw",
    key: "raw",
    label: "PostgreSQL, plain INSERT",
    program: `${here}raw-insert-program.ts`,
    mode: "default",
    isBatched: false,
    workloads: ["append", "read"],
  },
  peer("graphile", "graphile-worker", { mode: "default", workloads: ["claim", "stick", "cron", "recovery"] }),
  peer("graphile", "graphile-worker", { mode: "batched", workloads: ["claim", "stick"] }),
  peer("pg-boss", "pg-boss", { mode: "single", workloads: ["claim", "stick", "recovery"] }),
  peer("pg-boss", "pg-boss", { mode: "batched", workloads: ["claim", "stick", "cron"] }),
  peer("dbos", "DBOS", { mode: "default", workloads: ["claim", "stick", "steps", "cron", "recovery"] }),
  peer("absurd", "absurd", { mode: "default", workloads: ["claim", "stick", "steps", "recovery"] }),
  peer("bullmq", "BullMQ on PostgreSQL", { mode: "default", workloads: ["claim", "stick", "cron", "recovery"] }),
  peer("restate", "Restate", { mode: "default", workloads: ["claim", "steps"] }),
  peer("emmett", "emmett", { mode: "default", workloads: ["append", "read"] }),
];

function roost(
  mode: string,
  label: string,
  workloads: readonly WorkloadName[],
  { isBatched } = { isBatched: false },
): PeerVariant {
  return { peer: "roost", key: `roost-${mode}`, label, program: `${here}roost-program.ts`, mode, isBatched, workloads };
}

function peer(
  name: string,
  title: string,
  { mode, workloads }: { mode: string; workloads: readonly WorkloadName[] },
): PeerVariant {
  const isBatched = mode === "batched";
  return {
    peer: name,
    key: `${name}-${mode}`,
    label: isBatched ? `${title}, batched` : title,
    program: `${peersDirectory}${name === "graphile" ? "graphile-worker" : name}.ts`,
    mode,
    isBatched,
    workloads,
  };
}

/** Only Roost's own programs run without an installation. */
export function needsInstallation({ peer: name }: PeerVariant): boolean {
  return name !== "roost" && name !== "raw";
}
