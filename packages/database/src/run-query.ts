import type { ClientBase, QueryArrayResult, QueryResult } from "pg";
import type { QueryOptions } from "./database.ts";

/** One statement on one connection; for several statements in one text, the rows of the last. Throws the driver's error. */
export async function runQuery<Row>(
  client: ClientBase,
  text: string,
  values?: unknown[],
  options?: QueryOptions,
): Promise<Row[]> {
  const config = {
    text,
    ...(values === undefined ? {} : { values }),
    ...(options?.name === undefined ? {} : { name: options.name }),
  };
  const result = (await client.query(config)) as QueryResult | QueryResult[] | QueryArrayResult;
  const last = Array.isArray(result) ? result.at(-1) : result;
  return (last?.rows ?? []) as Row[];
}
