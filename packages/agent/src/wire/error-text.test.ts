import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText } from "./error-text.ts";

const reason = "the id was odd";

test("errorText() finds the reason in envelopes and XML too", () => {
  for (const body of [
    `{"ok":false,"response":{"error":{"message":"${reason}"}}}`,
    `{"ResponseMetadata":{"Error":{"Code":"X","Message":"${reason}"}}}`,
    `{"timestamp":1,"exception":"${reason}"}`,
    `<?xml version='1.0'?>\n<Error><Code>X</Code><Message>${reason}</Message></Error>`,
    `<soap:Envelope><soap:Body><faultstring xml:lang="en">${reason}</faultstring></soap:Body></soap:Envelope>`,
  ])
    assert.equal(errorText(body), reason, body);
  assert.match(
    errorText("<!doctype html><title>Sign in</title><p><message>no</message>") ?? "",
    /a web page .*Sign in/,
  );
  assert.equal(errorText('{"ok":false,"code":7}'), '{"ok":false,"code":7}');
});
