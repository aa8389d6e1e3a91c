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
    [z.string().refine(() => false), "", "is not valid"],
    [z.string().refine(() => false, "must rhyme"), "", "must rhyme"],
  ];
  for (const [schema, value, said] of cases) assert.equal(fault(schema, value), said);
});
