/**
 * One call of an operation, the same for every transport: checks input, calls the handler, checks output. Invalid input is reported to the caller;
 * invalid output is a server error and never returned.
 */
import { describeIssue, findUnstorable, formatPath, RoostError, storableRule } from "@roost/base";
import { z } from "zod";
import { contentOf } from "./content.ts";
import type { AnyOperation } from "./define-operation.ts";
import { isPlace, type Call, type StreamItem, type StreamPlace } from "./handlers.ts";
import { formatIssues, issuesMax, listIssues, listUnknown } from "./list-issues.ts";
import { requireAccess, type Principal } from "./principal.ts";
import { unreadableReason } from "./problem.ts";
import type { Unreadable } from "./records/fields.ts";
import type { ServedOperation } from "./serve.ts";

/** A call with an idempotency key; its first answer is repeated for later ones. */
export interface KeyedCall {
  service: string;
  operation: AnyOperation;
  principal: Principal;
  key: string;
  /** After its schema: the same key with another input is refused. */
  input: Record<string, unknown>;
}

/**
 * Executes the first call with a key and keeps its answer for later ones.
 * @throws RoostError `conflict` for a key whose input differs, whose first call is still running, or whose outcome is unknown
 */
export type KeepAnswer = (
  call: KeyedCall,
  work: () => Promise<unknown>,
) => Promise<{ output: unknown; isRepeated: boolean }>;

export interface OperationAnswer {
  output: unknown;
  /** The answer of an earlier call with the same key. */
  isRepeated: boolean;
}

/** Unreadable rows named in an answer; enough for any page. */
const unreadableMax = 500;

/**
 * Parses the input by its schema.
 * @throws invalid_input naming each wrong, missing or unknown field by path
 */
export function parseInput(operation: AnyOperation, given: unknown): Record<string, unknown> {
  const parsed = operation.input.safeParse(given);
  const { contentField } = operation;
  const issues = parsed.success
    ? [
        ...listUnknown(without(given, contentField), parsed.data),
        // Also in fields of any JSON.
        ...findUnstorable(without(parsed.data, contentField), issuesMax).map((path) => ({
          path,
          message: storableRule,
        })),
      ]
    : listIssues(parsed.error);
  if (parsed.success && issues.length === 0) return parsed.data;
  const text = formatIssues(issues).join("; ");
  throw new RoostError("invalid_input", `the input of ${operation.id} is invalid: ${text}`, { details: { issues } });
}

/** Content is not inspected. */
function without(given: unknown, field: string | undefined): unknown {
  if (field === undefined || typeof given !== "object" || given === null) return given;
  const { [field]: _content, ...rest } = given as Record<string, unknown>;
  return rest;
}

/**
 * Parses the output by its schema, dropping unknown fields.
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
    `the answer of ${operation.id} does not match its contract: ${text}${isStored ? "; a stored row cannot be shown" : ""}`,
    { cause: parsed.error, details: isStored ? { reason: unreadableReason } : {} },
  );
}

/** Leaves out rows that do not match the contract and names them in the output, so that one bad row does not break a list. */
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

/** A row's id for people. */
function idOf(row: unknown): string | null {
  const { id, jobId, name } = (typeof row === "object" && row !== null ? row : {}) as Record<string, unknown>;
  const found = [id, jobId, name].find((value) => typeof value === "string");
  return typeof found === "string" ? found : null;
}

/**
 * Calls the handler of a non-stream operation, if the caller is allowed to.
 * @throws RoostError `forbidden` before the input is parsed
 */
export async function runOperation(
  { operation, handler, access, service, refuse }: ServedOperation,
  given: unknown,
  call: Call,
  keepAnswer?: KeepAnswer,
): Promise<OperationAnswer> {
  requireAccess(call.principal, access, operation.id);
  if (refuse !== undefined) throw refuse();
  const input = parseInput(operation, given);
  const work = async () => parseOutput(operation, await handler(input as never, call));
  const { idempotencyKey: key, principal } = call;
  if (key === undefined || keepAnswer === undefined || !isKept(operation))
    return { output: await work(), isRepeated: false };
  return keepAnswer({ service, operation, principal, key, input }, work);
}

/** Operations with the key as an input field keep it themselves, in the transaction of the effect. Streamed input is unknown before it is read. */
function isKept({ effect, input, contentField, answersSecret }: AnyOperation): boolean {
  if (answersSecret) return false;
  const isStreamed = contentField !== undefined && contentOf(input.shape[contentField] as z.ZodType)?.isStreamed;
  return effect !== "readonly" && isStreamed !== true && !Object.hasOwn(input.shape, "idempotencyKey");
}

/** Calls the handler of a stream, if the caller is allowed to; each item is checked when read. */
export async function openOperationStream(
  { operation, handler, access, refuse }: ServedOperation,
  given: unknown,
  call: Call,
): Promise<AsyncIterable<StreamItem<unknown> | StreamPlace>> {
  requireAccess(call.principal, access, operation.id);
  if (refuse !== undefined) throw refuse();
  const input = parseInput(operation, given);
  const items = (await handler(input as never, call)) as AsyncIterable<StreamItem<unknown> | StreamPlace>;
  return checkItems(operation, items);
}

async function* checkItems(
  operation: AnyOperation,
  items: AsyncIterable<StreamItem<unknown> | StreamPlace>,
): AsyncGenerator<StreamItem<unknown> | StreamPlace> {
  for await (const item of items) yield isPlace(item) ? item : { ...item, data: checkOnce(operation, item.data) };
}

// tidy: only a saving: what many streams show is one object, and is checked once for each operation.
const checked = new WeakMap<AnyOperation, WeakMap<object, unknown>>();

function checkOnce(operation: AnyOperation, data: unknown): unknown {
  if (typeof data !== "object" || data === null) return parseOutput(operation, data);
  const ofOperation = checked.get(operation) ?? new WeakMap<object, unknown>();
  checked.set(operation, ofOperation);
  const known = ofOperation.get(data) ?? parseOutput(operation, data);
  ofOperation.set(data, known);
  return known;
}
