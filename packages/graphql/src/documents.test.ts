/** The page for users: its documents are valid, its limits are the ones in force. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createOpenApi } from "@roost/contract";
import { roostContract } from "@roost/contract/roost";
import { documentLimits } from "./limits/document-limits.ts";
import { createDocumentReader } from "./limits/read-document.ts";
import { composeSchema } from "./schema/compose-schema.ts";

test("docs/graphql.md shows documents that can be carried out, and the limits that hold", async () => {
  const page = await readFile(new URL("../../../docs/graphql.md", import.meta.url), "utf8");
  const document = createOpenApi(roostContract, { version: "1" });
  const { schema } = composeSchema([{ name: "roost", title: "Roost", document, isOwn: true }]);
  const read = createDocumentReader();
  const fenced = [...page.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
  const sent = [...page.matchAll(/-d '(\{.*\})'/g)].map(
    ([, body]) => (JSON.parse(body ?? "") as { query: string }).query,
  );
  assert.deepEqual([fenced.length, sent.length], [4, 2]);
  for (const text of [...fenced, ...sent]) {
    const found = read({ schema, text, operationName: undefined, variables: {}, allowsIntrospection: false });
    assert.deepEqual("errors" in found ? found.errors : [], [], text);
  }
  const table = [...page.matchAll(/^\| .* \| +([\d,]+) \|$/gm)].map(([, count]) => Number(count?.replaceAll(",", "")));
  const { charsMax, tokensMax, depthMax, aliasesMax, callsMax, costMax } = documentLimits;
  assert.deepEqual(table, [charsMax, tokensMax, depthMax, aliasesMax, callsMax, costMax]);
});
