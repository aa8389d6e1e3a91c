import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { readConfig } from "./read-config.ts";

const schema = z.strictObject({
  ROOST_PORT: z.coerce.number().int().min(1).max(65_535).default(7717),
  ROOST_HOME: z.string(),
  ROOST_KEY: z.string().min(8).optional(),
});

test("readConfig() takes the named variables, converts them and leaves the rest alone", () => {
  const config = readConfig(schema, { ROOST_PORT: "80", ROOST_HOME: "/srv/roost", PATH: "/bin" }, { what: "a test" });
  assert.deepEqual(config, { ROOST_PORT: 80, ROOST_HOME: "/srv/roost" });
});

test("readConfig() counts an empty variable as not set", () => {
  const config = readConfig(schema, { ROOST_PORT: "", ROOST_HOME: "/srv", ROOST_KEY: " " }, { what: "a test" });
  assert.deepEqual(config, { ROOST_PORT: 7717, ROOST_HOME: "/srv" });
});

test("readConfig() says what to give, not what a schema expects", () => {
  const faults = z.strictObject({
    PORT: z.coerce.number().int(),
    COLUMNS: z.coerce.number().int(),
    URL: z.url(),
    LEVEL: z.enum(["info", "warn"]),
  });
  assert.throws(
    () => readConfig(faults, { PORT: "abc", COLUMNS: "1.5", URL: "foo", LEVEL: "loud" }, { what: "a test" }),
    {
      message:
        /: PORT must be a number; COLUMNS must be a whole number; URL must be a URL like http:.*; LEVEL must be one of info, warn\./,
    },
  );
});

test("readConfig() lists every bad variable at once and shows no value", () => {
  assert.throws(
    () => readConfig(schema, { ROOST_PORT: "99999999", ROOST_KEY: "hunter2" }, { what: "a test" }),
    (error: Error & { code?: string; details?: unknown }) => {
      assert.equal(error.code, "invalid_input");
      assert.match(error.message, /a test/);
      assert.match(error.message, /ROOST_PORT must be at most 65535/);
      assert.match(error.message, /ROOST_HOME is not set/);
      assert.match(error.message, /ROOST_KEY must have at least 8 characters/);
      assert.doesNotMatch(error.message, /hunter2/);
      assert.deepEqual(error.details, { variables: ["ROOST_PORT", "ROOST_HOME", "ROOST_KEY"] });
      return true;
    },
  );
});
