/** A service's view of the database: its own schema, and the log through functions granted to its role. */
import { createId, RoostError, type JsonValue } from "@roost/base";
import { listComplaints, type EventDefinition, type ServiceContract } from "@roost/contract";
import type { Database, Transaction } from "@roost/database";
import { partitionOf } from "@roost/kernel";
import type { OnceOptions, CallerOutcome, ServiceDatabase, ServiceEvent, ServiceTransaction } from "../service.ts";

interface Draft {
  event: EventDefinition;
  id: string;
  draft: ServiceEvent<unknown>;
}

const keepMsDefault = 7 * 86_400_000;

export interface OpenServiceDatabaseOptions {
  contract: ServiceContract;
  /** Connected as the service's role. */
  database: Database;
  /** Called after a commit, with the topics that were appended to. */
  onAppended: (topics: ReadonlySet<string>) => void;
}

export function openServiceDatabase({ contract, database, onAppended }: OpenServiceDatabaseOptions): ServiceDatabase {
  const holder = createId();
  const partitions = new Map<string, number>();
  const countPartitions = async (tx: Transaction, types: readonly string[]) => {
    if (types.every((type) => partitions.has(type))) return;
    const rows = await tx.query<{ type: string; version: number; count: number }>(
      `select type, version, partition_count as count from service.partitions_1()`,
    );
    for (const { type, count } of rows) partitions.set(type, count);
  };
  const append = async (tx: Transaction, drafts: readonly Draft[]) => {
    if (drafts.length === 0) return;
    await countPartitions(
      tx,
      drafts.map(({ event }) => event.type),
    );
    await tx.query(
      `select service.emit_1($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb)`,
      columnsOf(contract, drafts, partitions),
    );
  };
  return {
    query: (text, values, options) => database.query(text, values, options),
    async transact(work) {
      const appended = new Set<string>();
      const result = await database.transact(async (tx) => {
        appended.clear();
        const drafts: Draft[] = [];
        const value = await work(createTransaction(contract, tx, drafts));
        for (const { event } of drafts) appended.add(event.topic);
        await append(tx, drafts);
        return value;
      });
      if (appended.size > 0) onAppended(appended);
      return result;
    },
    async takeLease(name, { ttlMs }) {
      const [row] = await database.query<{ epoch: number | null }>("select service.take_lease_1($1, $2, $3) as epoch", [
        name,
        holder,
        ttlMs,
      ]);
      return row?.epoch ?? undefined;
    },
    async releaseLease(name) {
      await database.query("select service.release_lease_1($1, $2)", [name, holder]);
    },
  };
}

function createTransaction(contract: ServiceContract, tx: Transaction, drafts: Draft[]): ServiceTransaction {
  return {
    query: (text, values, options) => tx.query(text, values, options),
    emit(event, draft) {
      refuseInvalid(contract, event, draft.data);
      const id = createId();
      drafts.push({ event, id, draft });
      return id;
    },
    async outcomesOf(runIds) {
      const rows = await tx.query<{ id: string; outcome: CallerOutcome }>(
        "select id, outcome from service.run_outcomes_1($1::uuid[])",
        [runIds],
      );
      return new Map(rows.map(({ id, outcome }) => [id, outcome]));
    },
    once: (key, compute) => remember(tx, key, compute),
  };
}

/** A service's events are validated here: the database knows their names and versions, not their schemas. */
function refuseInvalid(contract: ServiceContract, event: EventDefinition, data: unknown): void {
  if (!contract.events.includes(event))
    throw new RoostError("internal", `event "${event.type}" is not in the contract of service "${contract.name}"`);
  const complaints = listComplaints(event.schema, data);
  if (complaints.length === 0) return;
  throw new RoostError(
    "invalid_input",
    `event "${event.type}" is not valid against version ${event.version} of its schema: ${complaints.join("; ")}`,
  );
}

function columnsOf(
  contract: ServiceContract,
  drafts: readonly Draft[],
  partitions: ReadonlyMap<string, number>,
): unknown[] {
  const keyOf = ({ id, draft }: Draft) => draft.key ?? draft.subject ?? id;
  const isOwnKey = ({ id, draft }: Draft) => draft.key !== undefined && draft.key !== (draft.subject ?? id);
  return [
    drafts.map(({ event }) => event.type),
    drafts.map(({ event }) => event.version),
    drafts.map((each) => partitionOf(keyOf(each), partitions.get(each.event.type) ?? 1)),
    drafts.map(({ id }) => id),
    drafts.map(({ draft }) => draft.subject ?? null),
    drafts.map((each) => (isOwnKey(each) ? keyOf(each) : null)),
    drafts.map(({ id, draft }) => draft.correlation ?? id),
    drafts.map(({ draft }) => draft.causation ?? null),
    drafts.map(({ draft }) => draft.traceparent ?? null),
    drafts.map(({ draft }) => (draft.labels ?? contract.labels).join(" ")),
    JSON.stringify(drafts.map(({ draft }) => draft.data)),
  ];
}

async function remember<T extends JsonValue>(
  tx: Transaction,
  { scope, key, fingerprint, keepMs = keepMsDefault }: OnceOptions,
  compute: () => Promise<T>,
): Promise<{ result: T; isRepeated: boolean }> {
  const [known] = await tx.query<{ isNew: boolean; isSame: boolean; result: T }>(
    `select is_new as "isNew", is_same as "isSame", result from service.remember_1($1, $2, $3, $4)`,
    [scope, key, fingerprint ?? null, keepMs],
  );
  if (known!.isNew) {
    const result = await compute();
    await tx.query("select service.keep_result_1($1, $2, $3::jsonb)", [scope, key, JSON.stringify(result)]);
    return { result, isRepeated: false };
  }
  if (!known!.isSame)
    throw new RoostError(
      "conflict",
      `The idempotency key "${key}" was used for another request: use a new key for each`,
    );
  return { result: known!.result, isRepeated: true };
}
