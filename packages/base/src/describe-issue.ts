/** What zod complains about, in words that people and models read: one place for all inputs, settings, files and arguments of tools. */
// tidy: the words of a fault and of its place.
import type { z } from "zod";

/** Names in one message at most, and choices. */
const namedMax = 10;
const choicesMax = 30;
/** Of a name, which is what somebody sent, and of what is said of a union, which may stand in another. */
const nameCharsMax = 100;
const unionCharsMax = 600;

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
      return `unknown field ${listed(
        issue.keys.map((key) => cut(key, nameCharsMax)),
        namedMax,
      )}`;
    case "invalid_value":
      return issue.values.length === 1
        ? `must be ${sayValue(issue.values[0])}`
        : `must be one of ${listed(issue.values.map(String), choicesMax)}`;
    case "too_small":
      return describeBound(issue, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return describeBound(issue, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return describeFormat(issue);
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
    else text += `${text === "" ? "" : "."}${cut(String(key), nameCharsMax)}`;
  }
  return text;
}

/** The alternative that came closest is named. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion): string {
  const own = ownMessage.test(issue.message) ? "fits none of the forms that it may have" : issue.message;
  const closest = issue.errors.toSorted((one, other) => farnessOf(one) - farnessOf(other))[0] ?? [];
  const parts = closest.slice(0, 3).map((inner) => {
    const path = formatPath(inner.path);
    return path === "" ? describeIssue(inner) : `${path}: ${describeIssue(inner)}`;
  });
  if (parts.length > 0) return cut(`${own} (closest: ${parts.join("; ")})`, unionCharsMax);
  const { options } = issue as { options?: readonly unknown[] };
  if (options === undefined || options.length === 0) return own;
  return `must be one of ${listed(options.map(String), choicesMax)}`;
}

/** How far a value is from an alternative: another type is farther than another kind, and that than any number of faults in one that was meant. */
function farnessOf(issues: readonly z.core.$ZodIssue[]): number {
  return issues.reduce((sum, issue) => {
    const isWhole = issue.path.length === 0;
    const errors = issue.code === "invalid_union" ? issue.errors : undefined;
    if (isWhole && errors !== undefined && errors.length > 0) return sum + Math.min(...errors.map(farnessOf));
    if (isWhole && issue.code === "invalid_type") return sum + 1_000_000;
    const isOtherKind = !isWhole && (issue.code === "invalid_value" || errors?.length === 0);
    return sum + (isOtherKind ? 1_000 : 1);
  }, 0);
}

function describeFormat(issue: z.core.$ZodIssueInvalidStringFormat): string {
  const { format, pattern, prefix, suffix, includes } = issue as typeof issue & Record<string, string | undefined>;
  if (format === "regex" || format === "jwt") return `must have the form ${pattern ?? format}`;
  if (format === "starts_with") return `must begin with ${prefix}`;
  if (format === "ends_with") return `must end with ${suffix}`;
  if (format === "includes") return `must have ${includes} in it`;
  return `must be ${formatsInWords[format] ?? `text of the form ${format}`}`;
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

function describeBound(
  { origin, exact }: { origin: string; exact?: boolean | undefined },
  bound: number | bigint,
  reach: string,
): string {
  const unit = unitsInWords[origin];
  if (origin === "date") return `must be ${reach} ${new Date(Number(bound)).toISOString()}`;
  if (unit === undefined) return `must be ${reach} ${bound}`;
  if (exact === true) return `must have exactly ${bound} ${unit}`;
  if (reach === "at least" && Number(bound) === 1) return "must not be empty";
  return `must have ${reach} ${bound} ${unit}`;
}

function sayValue(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function listed(texts: readonly string[], max: number): string {
  const more = texts.length > max ? ` and ${texts.length - max} more` : "";
  return texts.slice(0, max).join(", ") + more;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}
