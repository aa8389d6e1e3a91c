import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { describeIssue, formatPath } from "./describe-issue.ts";

const fault = (schema: z.ZodType, value: unknown): string => {
  const [issue] = schema.safeParse(value).error!.issues;
  return [formatPath(issue!.path), describeIssue(issue!)].filter((part) => part !== "").join(" ");
};

test("describeIssue() says every kind of fault in its own words", () => {
  const kinds = z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") }), z.object({ kind: z.literal("b") })]);
  const cases: readonly [z.ZodType, unknown, string][] = [
    [z.string(), 1, "must be a text, not a number"],
    [z.object({ a: z.string() }), {}, "a is missing"],
    [z.object({ a: z.array(z.number()) }), { a: [1, "x"] }, "a[1] must be a number, not a text"],
    [z.int(), 1.5, "must be a whole number"],
    [z.number(), Number.NaN, "must be a number"],
    [z.date(), "x", "must be of the type date, not a text"],
    [z.boolean(), null, "must be true or false, not null"],
    [z.literal(1), 2, "must be 1"],
    [z.enum(["a", "b"]), "c", "must be one of a, b"],
    [z.string().min(1), "", "must not be empty"],
    [z.string().min(2), "a", "must have at least 2 characters"],
    [z.string().max(1), "ab", "must have at most 1 characters"],
    [z.array(z.string()).max(1), ["a", "b"], "must have at most 1 entries"],
    [z.number().min(3), 1, "must be at least 3"],
    [z.number().gt(3), 3, "must be more than 3"],
    [z.number().lt(3), 3, "must be less than 3"],
    [z.number().multipleOf(5), 3, "must be a multiple of 5"],
    [z.iso.datetime(), "soon", "must be a date and time that exists, like 2026-03-01T07:30:00Z"],
    [z.url(), "x", "must be a URL like http://127.0.0.1:7717"],
    [z.cidrv4(), "x", "must be text of the form cidrv4"],
    [z.string().regex(/^a$/), "b", "must have the form /^a$/"],
    [z.string().regex(/^a$/, "must be an a"), "b", "must be an a"],
    [z.strictObject({}), { a: 1 }, "unknown field a"],
    [z.record(z.string().max(1), z.number()), { ab: 1 }, "ab a name in it must have at most 1 characters"],
    [
      z.union([z.number(), z.array(z.string())]),
      "ab",
      "fits none of the forms that it may have (closest: must be a number, not a text)",
    ],
    [kinds, { kind: "c" }, "kind must be one of a, b"],
    [z.string().length(2), "a", "must have exactly 2 characters"],
    [z.date().min(new Date(0)), new Date(-1), "must be at least 1970-01-01T00:00:00.000Z"],
    [z.literal(1n), 2, "must be 1"],
    [z.string().startsWith("env:"), "x", "must begin with env:"],
    [z.string().endsWith(".md"), "x", "must end with .md"],
    [z.string().includes("@"), "x", "must have @ in it"],
    [z.string().refine(() => false), "", "is not valid"],
    [z.string().refine(() => false, "must rhyme"), "", "must rhyme"],
  ];
  for (const [schema, value, said] of cases) assert.equal(fault(schema, value), said);
});

test("describeIssue() names of a union the form that was meant", () => {
  const file = z.object({ kind: z.literal("file"), path: z.string(), bytes: z.int() });
  const page = z.object({ kind: z.literal("page") });
  const closest = (schema: z.ZodType, value: unknown) => /\(closest: (.*)\)$/.exec(fault(schema, value))?.[1];
  assert.equal(closest(z.union([z.string(), file]), { kind: "file" }), "path: is missing; bytes: is missing");
  assert.equal(closest(z.union([page, file]), { kind: "file" }), "path: is missing; bytes: is missing");
  assert.equal(closest(z.union([z.number(), z.enum(["auto", "off"])]), "on"), "must be one of auto, off");
  assert.equal(
    closest(z.union([z.string(), z.union([z.number(), page])]), {}),
    "fits none of the forms that it may have (closest: kind: must be page)",
  );
});

test("describeIssue() and formatPath() stay short, whatever was sent, and show no value", () => {
  const long = "k".repeat(10_000);
  const secret = "sk-1234567890";
  const record = z.record(z.string(), z.number());
  assert.ok(fault(record, { [long]: secret }).length < 200);
  assert.ok(
    fault(z.strictObject({}), Object.fromEntries(Array.from({ length: 50 }, (_, at) => [at + long, 1]))).length < 2_000,
  );
  assert.match(fault(z.enum(Array.from({ length: 500 }, (_, at) => `zone${at}`)), secret), /zone29 and 470 more$/);
  type Nested = number | Nested[];
  const nested: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.array(nested)]));
  let deep: unknown = [secret];
  for (let depth = 0; depth < 100; depth += 1) deep = [deep, 1];
  assert.ok(fault(nested, deep).length <= 600);
  const schemas = [
    z.number(),
    z.literal("a"),
    z.enum(["a", "b"]),
    z.string().max(1),
    z.url(),
    z.email(),
    record,
    nested,
  ];
  for (const schema of schemas) assert.doesNotMatch(fault(schema, secret), /1234/);
});
