/**
 * Of an export: the rows of domain services, each to the service that has its name here. Holds one batch in memory. Rows that refer to later ones are
 * sent again, until no more of them finds its place.
 */
import { RoostError, toRoostError, type Clock } from "@roost/base";
import { rowLimits } from "@roost/contract";
import { parseDocument } from "yaml";
import type { Connection, RoostClient } from "../connect.ts";
import { rowsFile } from "../export/export-services.ts";
import { readManifest } from "../export/open-export-folder.ts";
import { keepTrying } from "../guarded/keep-trying.ts";
import { createServiceClient } from "../services/create-service-client.ts";
import { inBatches } from "./in-batches.ts";
import { readWholeEntries } from "./read-export.ts";
import { reasonOf } from "./reason-of.ts";
import { addNamed, countOne, type GatheredReport } from "./send-records.ts";
import { readSettingsFile } from "./take-settings.ts";

/** A first start creates a role, a schema and tables. One that ends midway is started again in less. */
const startMsMax = 60_000;
/** Of rows that refer to later ones: a chain of so many is taken. */
const roundsMax = 50;
const waitingMax = 200_000;

export interface TakeRowsOptions {
  report: GatheredReport;
  isDryRun: boolean;
  clock: Clock;
  onProgress: (text: string) => void;
  /** Once each service runs, before its rows. */
  onRunning: () => Promise<void>;
}

export async function takeRows(connection: Connection, root: string, options: TakeRowsOptions): Promise<void> {
  for (const { path } of (await readManifest(root))?.files ?? []) {
    const [, name] = new RegExp(`^services/([a-z][a-z0-9-]*)/${rowsFile}$`).exec(path) ?? [];
    if (name === undefined) continue;
    options.onProgress(`waiting until ${name} runs`);
    const refuse = (reason: string) => addNamed(options.report, "refused", { name: path, reason });
    const again = `see roost service status ${name}, then import again`;
    const problem = await waitUntilRunning(connection, name, options);
    if (problem === undefined) await options.onRunning();
    if (problem === undefined)
      await takeAll(connection, { root, path, name }, options).catch(async (error: unknown) => {
        const { retryable, message } = toRoostError(error);
        if (!retryable) return refuse(reasonOf(error));
        // The service is away, and stops itself alone; or the gateway is, which this says.
        await connection.client.getService({ name });
        refuse(`${message}: ${again}; what came in stays`);
      });
    else refuse(`${problem}: ${again}`);
  }
}

/** Why it does not run; undefined: it does. */
async function waitUntilRunning(
  { client }: Connection,
  name: string,
  { clock, isDryRun }: TakeRowsOptions,
): Promise<string | undefined> {
  const look = async () => {
    const { service } = await client.getService({ name }).catch((error: unknown) => {
      if (toRoostError(error).code !== "not_found") throw error;
      throw new RoostError("unavailable", `there is no service ${name}`);
    });
    if (service.state !== "running" && service.state !== "blocked")
      throw new RoostError("unavailable", `${name} is ${service.state}`);
    return service.state === "running" ? undefined : `${name} cannot run (${service.reason})`;
  };
  // One that the settings do not name will not start, and what a dry run would name does not.
  const forMs = !isDryRun && (await isNamed(client, name)) ? startMsMax : 0;
  return await keepTrying(look, { clock, forMs }).catch((error: unknown) => toRoostError(error).message);
}

async function isNamed(client: RoostClient, name: string): Promise<boolean> {
  const { text } = await readSettingsFile(client);
  const services: unknown = parseDocument(text).toJS()?.services;
  return Array.isArray(services) && services.includes(name);
}

interface RowsOf {
  root: string;
  path: string;
  name: string;
}

interface RowLine {
  seq: number;
  text: string;
}

async function takeAll(
  connection: Connection,
  { root, path, name }: RowsOf,
  { report, isDryRun, clock, onProgress }: TakeRowsOptions,
): Promise<void> {
  const client = createServiceClient(connection, name);
  const tell = (action: "kept" | "refused", seq: number, reason: string) => {
    countOne(report, name, action);
    addNamed(report, action, { name: `${path} line ${seq}`, reason });
  };
  let waiting: Map<number, string> | undefined;
  const linesLeft = async function* (): AsyncGenerator<RowLine> {
    for await (const entry of readWholeEntries(root, path)) {
      if (waiting !== undefined && !waiting.has(entry.seq)) continue;
      if ("problem" in entry) tell("refused", entry.seq, entry.problem);
      else yield { seq: entry.seq, text: JSON.stringify(entry.value) };
    }
  };
  for (let round = 0; round < roundsMax; round += 1) {
    const still = new Map<number, string>();
    let seen = 0;
    for await (const sent of inBatches(linesLeft(), rowLimits.rowsMax, ({ text }) => text)) {
      const content = {
        mediaType: "application/x-ndjson",
        bytes: new TextEncoder().encode(sent.map(({ text }) => text).join("\n")),
      };
      const { createdCount, sameCount, others } = await keepTrying(() => client.importRows({ isDryRun, content }), {
        clock,
        forMs: startMsMax,
      });
      countOne(report, name, "created", createdCount);
      countOne(report, name, "same", sameCount);
      for (const { line, action, reason } of others) {
        const { seq } = sent[line - 1] ?? { seq: line };
        if (action === "waits" && isDryRun) countOne(report, name, "created");
        else if (action === "waits" && still.size < waitingMax) still.set(seq, reason);
        else tell(action === "kept" ? "kept" : "refused", seq, reason);
      }
      seen += sent.length;
      onProgress(`${seen} rows of ${name}`);
    }
    if (still.size === 0) return;
    const isStuck = still.size === waiting?.size;
    waiting = still;
    if (isStuck) break;
  }
  for (const [seq, reason] of waiting ?? []) tell("refused", seq, reason);
}
