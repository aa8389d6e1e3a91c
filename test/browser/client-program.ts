/** What a page does with the client: bundled by client.long.test.ts, run in a browser. It uses nothing that a browser does not have. */
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";

/** A page on the gateway's own origin, signed in by its cookie or by a token. */
export async function askAndWatch(baseUrl: string, token: string): Promise<string> {
  const client = createHttpClient(roostContract, { baseUrl, token });
  const sent = await client.sendMessage({ sessionKey: "main", text: "hello ä 😀" });
  const refused = await client.getRun({ runId: "nobody" }).then(
    () => "found",
    (error: { code: string }) => error.code,
  );
  const items: string[] = [];
  for await (const { data } of client.watchRun({ runId: sent.runId })) items.push(data.kind);
  return JSON.stringify({ runId: sent.runId, refused, items });
}
