/**
 * One call of one operation, the same for every transport: input checked,
 * handler called, output checked. Bad input is the caller's fault and says where;
 * bad output is the server's and is never passed on.
 */
import { findUnstorable, RoostError, storableRule } from "@roost/base";
import { z } from "zod";
import type { AnyOperation } from "./define-operation.ts";
import { isPlace, type Call, type StreamItem, type StreamPlace } from "./handlers.ts";
import { describeIssue, formatIssues, formatPath, issuesMax, listIssues, listUnknown } from "./list-issues.ts";
import { requireAccess, type Principal } from "./principal.ts";
import { unreadableReason } from "./problem.ts";
import type { Unreadable } from "./records/fields.ts";
import type { ServedOperation } from "./serve.ts";

/** A call with an idempotency key, whose first answer stands for all that follow. */
export interface KeyedCall {
  service: string;
  operation: AnyOperation;
  principal: Principal;
  key: string;
  /** After its schema: the same key with another input is refused. */
  input: Record<string, unknown>;
}

/**
 * Does the work of the first call with a key and keeps its answer; later ones get that answer.
 * @throws RoostError `conflict` for a key that was used for another input, whose first call still goes on, or whose outcome is unknown
 */
export type KeepAnswer = (
  call: KeyedCall,
  work: () => Promise<unknown>,
) => Promise<{ output: unknown; isRepeated: boolean }>;

export interface Answer {
  output: unknown;
  /** The answer of an earlier call with the same key. */
  isRepeated: boolean;
}

/** Rows that one answer names as unreadable; of a page all fit. */
const unreadableMax = 500;

/**
 * The input after its schema.
 * @throws invalid_input naming each wrong, missing or unknown field by its path
 */
export function parseInput(operation: AnyOperation, given: unknown): Record<string, unknown> {
  const parsed = operation.input.safeParse(given);
  const { contentField } = operation;
  const issues = parsed.success
    ? [
        ...listUnknown(without(given, contentField), parsed.data),
        // Also in fields that take any JSON.
        ...findUnstorable(without(parsed.data, contentField), issuesMax).map((path) => ({
          path,
          message: storableRule,
        })),
      ]
    : listIssues(parsed.error);
  if (parsed.success && issues.length === 0) return parsed.data;
  const text = formatIssues(issues).join("; ");
  throw new RoostError("invalid_input", `${operation.id} was given a wrong input: ${text}`, { details: { issues } });
}

/** Content is not looked into. */
function without(given: unknown, field: string | undefined): unknown {
  if (field === undefined || typeof given !== "object" || given === null) return given;
  const { [field]: _content, ...rest } = given as Record<string, unknown>;
  return rest;
}

/**
 * The output after its schema, without fields that the schema does not name.
 * @throws internal naming the operation and the fields
 */
export function parseOutput(operation: AnyOperation, returned: unknown): unknown {
  const parsed = operation.output.safeParse(returned);
  if (parsed.success) return parsed.data;
  const shown = parseWithout(operation, returned, parsed.error);
  if (shown !== undefined) return shown;
  const text = formatIssues(listIssues(parsed.error)).join("; ");
  const isStored = operation.effect === "readonly";
  throw new RoostError(
    "internal",
    `${operation.id} answered against its contract: ${text}${isStored ? "; what is stored cannot be shown" : ""}`,
    { cause: parsed.error, details: isStored ? { reason: unreadableReason } : {} },
  );
}

/** One row that cannot be shown takes no list with it: what is left of the output, with the rows that are left out named in it. */
function parseWithout(operation: AnyOperation, returned: unknown, error: z.core.$ZodError): unknown {
  if (!(operation.output instanceof z.ZodObject) || !Object.hasOwn(operation.output.shape, "unreadable"))
    return undefined;
  const fields = { ...(returned as Record<string, unknown>) };
  const unreadable = new Map<string, Unreadable>();
  for (const issue of error.issues) {
    const [name, index] = issue.path;
    const rows = fields[name as string];
    if (typeof index !== "number" || !Array.isArray(rows)) return undefined;
    const where = `${String(name)}[${index}]`;
    const problem = `${formatPath(issue.path.slice(2))}: ${describeIssue(issue)}`;
    if (!unreadable.has(where)) unreadable.set(where, { where, id: idOf(rows[index]), problem });
  }
  for (const name of Object.keys(fields)) {
    const rows = fields[name];
    if (Array.isArray(rows)) fields[name] = rows.filter((_row, index) => !unreadable.has(`${name}[${index}]`));
  }
  const parsed = operation.output.safeParse({
    ...fields,
    unreadable: [...unreadable.values()].slice(0, unreadableMax),
  });
  return parsed.success ? parsed.data : undefined;
}

/** What names a row to a person. */
function idOf(row: unknown): string | null {
  const { id, jobId, name } = (typeof row === "object" && row !== null ? row : {}) as Record<string, unknown>;
  const found = [id, jobId, name].find((value) => typeof value === "string");
  return typeof found === "string" ? found : null;
}

/**
 * Calls the handler of an operation that gives one answer, if the caller may call it.
 * @throws RoostError `forbidden` before the input is looked at
 */
export async function runOperation(
  { operation, handler, access, service }: ServedOperation,
  given: unknown,
  call: Call,
  keepAnswer?: KeepAnswer,
): Promise<Answer> {
  requireAccess(call.principal, access, operation.id);
  const input = parseInput(operation, given);
  const work = async () => parseOutput(operation, await handler(input as never, call));
  const { idempotencyKey: key, principal } = call;
  if (key === undefined || keepAnswer === undefined || !isKept(operation))
    return { output: await work(), isRepeated: false };
  return keepAnswer({ service, operation, principal, key, input }, work);
}

/** An operation that takes the key as a field keeps it itself, in the transaction of its effect. */
function isKept({ effect, input }: AnyOperation): boolean {
  return effect !== "readonly" && !Object.hasOwn(input.shape, "idempotencyKey");
}

/** Calls the handler of a stream, if the caller may; each item is checked when it is read. */
export async function openOperationStream(
  { operation, handler, access }: ServedOperation,
  given: unknown,
  call: Call,
): Promise<AsyncIterable<StreamItem<unknown> | StreamPlace>> {
  requireAccess(call.principal, access, operation.id);
  const input = parseInput(operation, given);
  const items = (await handler(input as never, call)) as AsyncIterable<StreamItem<unknown> | StreamPlace>;
  return checkItems(operation, items);
}

async function* checkItems(
  operation: AnyOperation,
  items: AsyncIterable<StreamItem<unknown> | StreamPlace>,
): AsyncGenerator<StreamItem<unknown> | StreamPlace> {
  for await (const item of items) {
    yield isPlace(item) ? item : { ...item, data: parseOutput(operation, item.data) };
  }
}
