/** A job, an agent or a trigger of one as a person writes it: durations like `10m` under plain names; for an unknown key the nearest one is suggested. */
import {
  isJsonObject,
  jsonObjectOf,
  nearestName,
  parseDurationMs,
  RoostError,
  toRoostError,
  writeDurationMs,
  type JsonObject,
  type JsonValue,
  describeIssue,
  formatPath,
} from "@roost/base";
import { toJsonSchema } from "@roost/contract";
import { AgentDefinition, NamedJobDefinition } from "@roost/contract/operations";

/** How the fields in milliseconds are written. */
export const writtenDurations: Readonly<Record<string, string>> = {
  delayMs: "delay",
  jitterMs: "jitter",
  timeoutMs: "timeout",
  windowMs: "window",
  backoffMs: "backoff",
  backoffMsMax: "backoffMax",
  staleAfterMs: "staleAfter",
};

/** A stored definition as a person writes it. What is inside a filter are names of other events' data. */
export function asWritten(value: JsonValue, field = ""): JsonValue {
  if (typeof value === "number" && writtenDurations[field] !== undefined) return writeDurationMs(value);
  if (Array.isArray(value)) return value.map((each) => asWritten(each));
  if (!isJsonObject(value) || field === "filter") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [writtenDurations[name] ?? name, asWritten(each, name)]),
  );
}

/** A field that two definitions differ in, as a person writes it: `retry.backoffMs` is `retry.backoff`. */
export function differenceAsWritten<Difference extends { path: string; before?: unknown; after?: unknown }>(
  difference: Difference,
): Difference {
  const { path, before, after } = difference;
  if (path.split(".").includes("filter")) return difference;
  const field = path.slice(path.lastIndexOf(".") + 1);
  return {
    ...difference,
    path: path.slice(0, path.length - field.length) + (writtenDurations[field] ?? field),
    before: asWritten((before ?? null) as JsonValue, field),
    after: asWritten((after ?? null) as JsonValue, field),
  };
}

/** What is wrong with a definition, one fault for each place, with the names and units that people write. */
export function writtenFaults(error: { issues: readonly SchemaIssue[] }): string[] {
  const firsts = error.issues.filter(
    ({ path }, index, all) => all.findIndex((other) => formatPath(other.path) === formatPath(path)) === index,
  );
  return firsts.map(sayFault);
}

type SchemaIssue = Parameters<typeof describeIssue>[0];

function sayFault(issue: SchemaIssue): string {
  const last = issue.path.at(-1);
  const written = typeof last === "string" ? writtenDurations[last] : undefined;
  const path = formatPath(written === undefined ? issue.path : [...issue.path.slice(0, -1), written]);
  const message = describeIssue(issue);
  const limit =
    issue.code === "too_small"
      ? { ms: issue.minimum, reach: "at least" }
      : issue.code === "too_big"
        ? { ms: issue.maximum, reach: "at most" }
        : undefined;
  const said =
    written === undefined || limit === undefined
      ? message
      : `must be ${limit.reach} ${writeDurationMs(Number(limit.ms))}`;
  return path === "" ? said : `${path}: ${said}`;
}

type Schema = JsonObject;

const schemas = {
  job: () => toJsonSchema(NamedJobDefinition, { io: "input" }),
  agent: () => toJsonSchema(AgentDefinition, { io: "input" }),
  trigger: triggerSchema,
};
/** Made once: a home may have hundreds of files, and making one takes milliseconds. */
const roots = new Map<keyof typeof schemas, Schema>();

/** The keys of a job, and those of its trigger beside them; which agent it is for says its place. */
function triggerSchema(): Schema {
  const job = schemas.job();
  const { id: _id, agent: _agent, trigger, ...fields } = jsonObjectOf(resolve(job, job)["properties"]);
  const { properties } = chooseSchema({}, jsonObjectOf(trigger), job);
  return { $defs: job["$defs"] ?? {}, properties: { ...jsonObjectOf(properties), ...fields } };
}

/** @throws RoostError `invalid_input` naming every unknown key and invalid duration */
export function readWritten(noun: keyof typeof schemas, value: JsonValue): JsonValue {
  const root = roots.get(noun) ?? schemas[noun]();
  roots.set(noun, root);
  const faults: string[] = [];
  const read = readValue(value, root, { noun, path: "", root, faults });
  if (faults.length === 0) return read;
  const id = isJsonObject(value) && typeof value["id"] === "string" ? `${noun} "${value["id"].slice(0, 64)}": ` : "";
  throw new RoostError("invalid_input", id + faults.join("; "));
}

interface Reading {
  noun: string;
  path: string;
  root: Schema;
  faults: string[];
}

function readValue(value: JsonValue, given: Schema, reading: Reading): JsonValue {
  const schema = chooseSchema(value, given, reading.root);
  if (Array.isArray(value)) {
    const items = jsonObjectOf(schema["items"]);
    return value.map((each, index) => readValue(each, items, { ...reading, path: `${reading.path}${index}.` }));
  }
  const fields = jsonObjectOf(schema["properties"]);
  if (!isJsonObject(value) || Object.keys(fields).length === 0) return value;
  const read: JsonObject = {};
  for (const [name, each] of Object.entries(value)) {
    const field = Object.keys(fields).find((key) => key === name || writtenDurations[key] === name);
    const path = `${reading.path}${name}`;
    if (field === undefined) reading.faults.push(sayUnknown(reading.noun, path, fields));
    else if (writtenDurations[field] === undefined)
      read[field] = readValue(each, jsonObjectOf(fields[field]), { ...reading, path: `${path}.` });
    else read[field] = readDuration(each, path, reading.faults);
  }
  return read;
}

function readDuration(value: JsonValue, path: string, faults: string[]): JsonValue {
  if (typeof value !== "string") return value;
  try {
    return parseDurationMs(value);
  } catch (error) {
    faults.push(`${path}: ${toRoostError(error).message}`);
    return value;
  }
}

/** Names that other schedulers have for the same: the first that is a key at that place is meant. */
const meantBy: Readonly<Record<string, readonly string[]>> = {
  cron: ["expression", "trigger"],
  schedule: ["expression", "trigger"],
  interval: ["every", "trigger"],
  every: ["trigger"],
  when: ["at", "trigger"],
  on: ["eventType", "trigger"],
  type: ["eventType"],
  event: ["eventType"],
  tz: ["timeZone"],
  message: ["prompt"],
  text: ["prompt"],
  task: ["prompt"],
  instructions: ["prompt"],
  name: ["title", "id"],
  disabled: ["enabled"],
  agentid: ["agent"],
  notify: ["tell"],
  announce: ["tell"],
  retries: ["retry"],
};

function sayUnknown(noun: string, path: string, fields: Schema): string {
  const name = path.slice(path.lastIndexOf(".") + 1);
  const names = Object.keys(fields).map((field) => writtenDurations[field] ?? field);
  const nearest = meantBy[name.toLowerCase()]?.find((meant) => names.includes(meant)) ?? nearestName(name, names);
  const example = nearest === "trigger" ? ', as in trigger: { kind: cron, expression: "0 6 * * *" }' : "";
  const advice = nearest === undefined ? `the keys are ${names.join(", ")}` : `did you mean ${nearest}${example}?`;
  return `${path} is not a key of ${noun === "agent" ? "an" : "a"} ${noun}: ${advice}`;
}

/** Of alternatives, the one whose `kind` the value has; all their keys when it has none of them. */
function chooseSchema(value: JsonValue, given: Schema, root: Schema): Schema {
  const schema = resolve(given, root);
  const choices = [schema["oneOf"], schema["anyOf"]].flatMap((list) =>
    Array.isArray(list) ? list.map(jsonObjectOf) : [],
  );
  if (choices.length === 0 || !isJsonObject(value)) return schema;
  const resolved = choices.map((choice) => resolve(choice, root));
  const fitting = resolved.find((choice) => {
    const kind = jsonObjectOf(jsonObjectOf(choice["properties"])["kind"]);
    return kind["const"] !== undefined && kind["const"] === value["kind"];
  });
  return (
    fitting ?? {
      properties: Object.assign({}, ...resolved.map((choice) => jsonObjectOf(choice["properties"]))) as Schema,
    }
  );
}

function resolve(schema: Schema, root: Schema): Schema {
  const name = typeof schema["$ref"] === "string" ? /^#\/\$defs\/(.+)$/.exec(schema["$ref"])?.[1] : undefined;
  return name === undefined ? schema : jsonObjectOf(jsonObjectOf(root["$defs"])[name]);
}
