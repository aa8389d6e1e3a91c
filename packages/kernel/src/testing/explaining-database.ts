/**
 * A Database that explains each statement in a rolled-back execution before executing it. So a test sees plans and block counts of the code's real
 * statements, with a cached plan of the wanted kind.
 */
import type { CommittingTransaction, Database, Transaction } from "@roost/database";

export interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: PlanNode[];
}

/** A statement as executed. */
export interface Explained {
  text: string;
  plan: PlanNode;
  /** Of 8 kB, touched in all, including by functions that it calls. */
  blocks: number;
}

export type PlanMode = "force_custom_plan" | "force_generic_plan";

export function createExplainingDatabase(
  database: Database,
  { mode, onExplained }: { mode: PlanMode; onExplained: (explained: Explained) => void },
): Database {
  const explain = async (tx: Transaction, text: string, values: unknown[] = []) => {
    await tx.query("savepoint explained");
    const plan = await explainStatement(tx, { text, values, mode });
    await tx.query("rollback to savepoint explained");
    onExplained({ text, plan, blocks: blocksOf(plan) });
  };
  const query: Database["query"] = (text, values, options) =>
    database.transact(async (tx) => {
      await explain(tx, text, values);
      return tx.query(text, values, options);
    });
  return {
    query,
    together: (work) => work({ query }),
    transact: (work, options) =>
      database.transact((tx) => {
        // Statements sent without waiting for each other are examined one after the other.
        let tail: Promise<unknown> = Promise.resolve();
        const inTurn = <Row>(
          text: string,
          values: unknown[] | undefined,
          send: () => Promise<Row[]>,
        ): Promise<Row[]> => {
          const rows = tail.then(() => explain(tx, text, values)).then(send);
          tail = rows.catch(() => undefined);
          return rows;
        };
        const explaining: CommittingTransaction = {
          query: (text, values, queryOptions) => inTurn(text, values, () => tx.query(text, values, queryOptions)),
          commitWith: (text, values, queryOptions) =>
            inTurn(text, values, () => tx.commitWith(text, values, queryOptions)),
        };
        return work(explaining);
      }, options),
    listen: (channel, onPayload) => database.listen(channel, onPayload),
    openSession: (options) => database.openSession(options),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Executes the statement with a prepared plan of the given kind. The caller rolls it back. */
export async function explainStatement(
  tx: Transaction,
  { text, values, mode }: { text: string; values: unknown[]; mode: PlanMode },
): Promise<PlanNode> {
  await tx.query(`set local plan_cache_mode = ${mode}`);
  await tx.query(`prepare planned as ${text}`);
  const parameters = values.length === 0 ? "" : `(${values.map(literal).join(", ")})`;
  const explain = () =>
    tx.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
      `explain (analyze, buffers, format json) execute planned ${parameters}`,
    );
  // The first call of a function reads the catalogue, and so does any call after the caches were reset, which many schema changes in other databases of the
  // same server do. What every call touches is the statement's own.
  const plans: PlanNode[] = [];
  for (let call = 0; call < 3; call += 1) {
    await tx.query("savepoint call");
    const [row] = await explain();
    plans.push(row!["QUERY PLAN"][0].Plan);
    await tx.query("rollback to savepoint call");
  }
  await tx.query("deallocate planned");
  return plans.reduce((least, plan) => (blocksOf(plan) < blocksOf(least) ? plan : least));
}

/** Of 8 kB, touched in all, including by functions that it calls. */
export function blocksOf(node: PlanNode): number {
  return node["Shared Hit Blocks"] + node["Shared Read Blocks"];
}

/** The node and all below it. */
export function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function literal(value: unknown): string {
  const text = Array.isArray(value) ? `{${value.map(item).join(",")}}` : plainText(value);
  return text === null ? "null" : `'${text.replaceAll("'", "''")}'`;
}

function item(value: unknown): string {
  const text = plainText(value);
  return text === null ? "null" : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function plainText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
