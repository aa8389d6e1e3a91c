/**
 * Defines the agents of a home. An unchanged definition changes nothing, a changed one becomes the agent's next version, and an agent no longer
 * listed is removed: new runs start without it, active ones keep the version they started with.
 */
import { createId, RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { AgentDefinition, AgentId, defaultAgent } from "@roost/contract/operations";
import { setRunDefault, type Kernel, type KernelTransaction } from "@roost/kernel";
import { compareDefinitions, type Difference } from "../compare-definitions.ts";
import { writtenFaults } from "../files/read-written.ts";

interface ApplyAgentsOptions {
  by: string;
  /** The file with the definitions: its agents that are not listed are removed. */
  source: string;
  /** By agent, where it stands in another file. */
  sources?: ReadonlyMap<string, string>;
  /** By agent: of the text that defines it. */
  textHashes?: ReadonlyMap<string, string>;
  /** Agents that stay as they are, since what is written of them cannot be applied. */
  held?: readonly string[];
  /** Files that define nothing any more. */
  gone?: readonly string[];
}

interface AgentChange {
  agentId: string;
  change: "created" | "changed" | "unchanged" | "removed";
  version: number;
  differences: Difference[];
}

/** Agents per call: of 500 files, the settings and services. */
const agentsPerApplyMax = 2_000;

interface Stored {
  id: string;
  version: number;
  state: "active" | "removed";
  definition: JsonValue;
  source: string | null;
  textHash: string | null;
}

/**
 * Applies all of them, or none when one is invalid. The default agent always exists, if need be with an empty definition.
 * @throws RoostError `invalid_input` naming the agent and the error; `limit_exceeded` for too many
 */
export async function applyAgents(
  kernel: Kernel,
  written: Readonly<Record<string, unknown>>,
  options: ApplyAgentsOptions,
): Promise<AgentChange[]> {
  const given = readAll(written);
  const { by, source, sources, textHashes, held = [], gone = [] } = options;
  const owned = [source, ...gone, ...(sources?.values() ?? [])];
  return kernel.transact(async (tx) => {
    const reads = new Map(given);
    // By id, so that concurrent calls lock rows in the same order.
    const stored = await lockAgents(tx, [...reads.keys(), defaultAgent].toSorted(), owned);
    if (isUndefined(stored.get(defaultAgent), owned) && !reads.has(defaultAgent)) reads.set(defaultAgent, {});
    const changes: AgentChange[] = [];
    for (const id of [...reads.keys()].toSorted()) {
      const textHash = textHashes?.get(id) ?? null;
      const defining = { id, definition: reads.get(id)!, by, source: sources?.get(id) ?? source, textHash };
      changes.push(await defineAgent(tx, defining, stored.get(id)));
    }
    for (const agent of stored.values()) {
      // Main is looked at wherever it is defined.
      const isOwned = agent.source !== null && owned.includes(agent.source);
      if (!isOwned || reads.has(agent.id) || held.includes(agent.id) || agent.state === "removed") continue;
      await removeAgent(tx, agent, by);
      changes.push({ agentId: agent.id, change: "removed", version: agent.version, differences: [] });
    }
    return changes;
  });
}

function readAll(written: Readonly<Record<string, unknown>>): Map<string, JsonValue> {
  const entries = Object.entries(written);
  if (entries.length > agentsPerApplyMax) {
    throw new RoostError("limit_exceeded", `${entries.length} agents at once (limit ${agentsPerApplyMax})`);
  }
  const complaints: string[] = [];
  const reads = new Map<string, JsonValue>();
  for (const [id, definition] of entries) {
    const parsed = AgentDefinition.safeParse(definition);
    const issues = [...(AgentId.safeParse(id).error?.issues ?? []), ...(parsed.error?.issues ?? [])];
    for (const fault of writtenFaults({ issues }))
      complaints.push(`The agent "${id.slice(0, 64)}" is not valid: ${fault}`);
    // As it will be read back: without undefined fields.
    if (parsed.success) reads.set(id, JSON.parse(JSON.stringify(parsed.data)) as JsonValue);
  }
  if (complaints.length > 0) throw new RoostError("invalid_input", complaints.join("; "));
  return reads;
}

/** By other files than these. */
function isUndefined(agent: Stored | undefined, owned: readonly string[]): boolean {
  return agent === undefined || agent.state === "removed" || agent.source === null || owned.includes(agent.source);
}

async function lockAgents(tx: KernelTransaction, ids: string[], sources: string[]): Promise<Map<string, Stored>> {
  const rows = await tx.query<Stored>(
    `select id, version, state, definition, source, text_hash as "textHash" from roost.agent where id = any($1) or source = any($2) order by id for update`,
    [ids, sources],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

interface Defining {
  id: string;
  definition: JsonValue;
  by: string;
  source: string;
  textHash: string | null;
}

async function defineAgent(
  tx: KernelTransaction,
  defining: Defining,
  stored: Stored | undefined,
): Promise<AgentChange> {
  const { id, definition, by, source, textHash } = defining;
  const isNew = stored === undefined || stored.state === "removed";
  const differences = compareDefinitions(isNew ? {} : stored.definition, definition);
  if (!isNew && differences.length === 0) {
    if (stored.source !== source || stored.textHash !== textHash)
      await tx.query("update roost.agent set source = $2, text_hash = $3 where id = $1", [id, source, textHash]);
    return { agentId: id, change: "unchanged", version: stored.version, differences };
  }
  const version = (stored?.version ?? 0) + 1;
  const eventId = createId();
  // A concurrent insert of the same agent is awaited and then replaced.
  const [row] = await tx.query<{ version: number }>(
    `insert into roost.agent as a (id, version, state, definition, defined_by, source, cause_id, text_hash) values ($1, $2, 'active', $3, $4, $5, $6, $7)
     on conflict (id) do update set version = a.version + 1, state = 'active', definition = excluded.definition,
       defined_by = excluded.defined_by, source = excluded.source, cause_id = excluded.cause_id, text_hash = excluded.text_hash, updated_at = roost.now()
     returning version`,
    [id, version, JSON.stringify(definition), by, source, eventId, textHash],
  );
  const recorded = { ...defining, eventId, version: row!.version };
  await recordVersion(tx, recorded);
  const { budget, needs } = definition as Pick<AgentDefinition, "needs"> & JsonObject;
  await setRunDefault(tx, id, { version: row!.version, budget, needs });
  announce(tx, recorded, isNew ? undefined : differences);
  return { agentId: id, change: isNew ? "created" : "changed", version: row!.version, differences };
}

type Recorded = Defining & { eventId: string; version: number };

async function recordVersion(tx: KernelTransaction, { id, version, definition, by, eventId }: Recorded): Promise<void> {
  await tx.query(
    `insert into roost.agent_version (agent_id, version, definition, defined_by, event_id) values ($1, $2, $3, $4, $5)`,
    [id, version, JSON.stringify(definition), by, eventId],
  );
}

function announce(tx: KernelTransaction, recorded: Recorded, differences: Difference[] | undefined): void {
  const { id, version, definition, by, eventId } = recorded;
  const data = { agent: id, agentVersion: version, definition, by };
  const changed = differences?.slice(0, 100).map(({ path }) => path.slice(0, 200));
  tx.emit({
    type: changed === undefined ? "agent.defined" : "agent.changed",
    id: eventId,
    subject: id,
    labels: formatLabels(mainLabels),
    data: changed === undefined ? data : { ...data, changed },
  });
}

async function removeAgent(tx: KernelTransaction, agent: Stored, by: string): Promise<void> {
  const reason = `no longer in ${agent.source}`;
  const eventId = tx.emit({
    type: "agent.removed",
    subject: agent.id,
    labels: formatLabels(mainLabels),
    data: { agent: agent.id, agentVersion: agent.version, reason, by },
  });
  await tx.query(
    `update roost.agent set state = 'removed', defined_by = $2, cause_id = $3, updated_at = roost.now() where id = $1`,
    [agent.id, by, eventId],
  );
  await setRunDefault(tx, agent.id, undefined);
}
