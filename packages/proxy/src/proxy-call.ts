/** A call to be passed on, who makes it, and where it may go. */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { JsonObject } from "@roost/base";

export interface Caller {
  /** Of its token; `home` for the person. */
  id: string;
  name: string;
  /** Where what it spends counts, and whose caps hold. */
  scopes: readonly string[];
}

/** What is passed on, below `/v1`. */
export const proxyPaths = ["/chat/completions", "/completions", "/responses", "/embeddings", "/audio/speech"] as const;
export type ProxyPath = (typeof proxyPaths)[number];

export interface ProxyCall {
  path: ProxyPath;
  /** The body as it came, and what it says. */
  text: string;
  body: JsonObject;
  headers: IncomingHttpHeaders;
  caller: Caller;
  response: ServerResponse;
}
