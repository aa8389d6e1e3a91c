/** What zod complains about, in words that people and models read: one place for all inputs, settings, files and arguments of tools. */
// tidy: the words of a fault and of its place.
import type { z } from "zod";

/** Names in one message at most. */
const namedMax = 10;

/** How zod's own messages begin; every other text is the schema's own and says more. */
const ownMessage = /^(Invalid|Too small|Too big|Unrecognized) ?/;

const typesInWords: Readonly<Record<string, string>> = {
  object: "keys and values",
  record: "keys and values",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  null: "null",
};

const formatsInWords: Readonly<Record<string, string>> = {
  datetime: "a date and time that exists, like 2026-03-01T07:30:00Z",
  date: "a date that exists, like 2026-03-01",
  time: "a time of day, like 07:30:00",
  url: "a URL like http://127.0.0.1:7717",
  email: "an address of mail, like ada@example.com",
  uuid: "a UUID",
  base64: "text in base64",
};

/** @example "must be a number, not a text" */
export function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") return describeUnion(issue);
  if (!ownMessage.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return describeType(issue.expected, issue.message);
    case "unrecognized_keys":
      return `unknown field ${issue.keys.slice(0, namedMax).join(", ")}`;
    case "invalid_value":
      return issue.values.length === 1
        ? `must be ${sayValue(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return describeBound(issue.origin, Number(issue.minimum), issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return describeBound(issue.origin, Number(issue.maximum), issue.inclusive === false ? "less than" : "at most");
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return issue.format === "regex" || issue.format === "jwt"
        ? `must have the form ${issue.pattern ?? issue.format}`
        : `must be ${formatsInWords[issue.format] ?? `text of the form ${issue.format}`}`;
    case "invalid_key":
    case "invalid_element": {
      const what = issue.code === "invalid_key" ? "a name in it" : "an entry of it";
      return issue.issues.length === 0 ? `${what} is not valid` : `${what} ${describeIssue(issue.issues[0]!)}`;
    }
    default:
      return "is not valid";
  }
}

/** `inputs[0].file` */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** The alternative that came closest is named. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion): string {
  const own = ownMessage.test(issue.message) ? "fits none of the forms that it may have" : issue.message;
  const closest = issue.errors.toSorted((one, other) => one.length - other.length)[0] ?? [];
  const parts = closest.slice(0, 3).map((inner) => {
    const path = formatPath(inner.path);
    return path === "" ? describeIssue(inner) : `${path}: ${describeIssue(inner)}`;
  });
  if (parts.length > 0) return `${own} (closest: ${parts.join("; ")})`;
  const { options } = issue as { options?: readonly unknown[] };
  return options === undefined || options.length === 0 ? own : `must be one of ${options.map(String).join(", ")}`;
}

function describeType(expected: string, message: string): string {
  const received = /, received (\w+)$/.exec(message)?.[1] ?? "";
  if (received === "undefined") return "is missing";
  const wanted = typesInWords[expected] ?? `of the type ${expected}`;
  const given = typesInWords[received];
  return given === undefined || wanted.endsWith(given.slice(2))
    ? `must be ${wanted}`
    : `must be ${wanted}, not ${given}`;
}

const unitsInWords: Readonly<Record<string, string>> = {
  string: "characters",
  array: "entries",
  set: "entries",
  map: "entries",
  object: "fields",
  record: "fields",
  file: "bytes",
};

function describeBound(origin: string, bound: number, reach: string): string {
  const unit = unitsInWords[origin];
  if (unit === undefined) return `must be ${reach} ${bound}`;
  if (reach === "at least" && bound === 1) return "must not be empty";
  return `must have ${reach} ${bound} ${unit}`;
}

function sayValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
