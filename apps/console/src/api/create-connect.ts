/** Clients of the gateway in a browser: types come from contracts, addresses from tables of routes, and the cookie signs each call. */
import { callOperation, openStream, type CallOptions, type Client } from "@roost/contract/client";
import type { roostOperations } from "@roost/contract/operations";
import type { Route } from "virtual:routes";

export type ConsoleClient = Client<typeof roostOperations>;

export interface ClientOptions {
  /** Where the gateway is: the page's own origin. */
  origin: string;
  /** The gateway does not know this browser, or no longer. */
  onSignedOut: () => void;
}

/** Of Roost itself the prefix is `/api/v1`, of a service `/services/<name>`. */
export type Connect = (prefix: string, routes: readonly Route[]) => unknown;

export function createConnect({ origin, onSignedOut }: ClientOptions): Connect {
  const ask: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (response.status === 401) onSignedOut();
    return response;
  };
  return (prefix, routes) => {
    const options = { baseUrl: origin + prefix, fetch: ask };
    const client: Record<string, unknown> = {};
    for (const [id, method, path, isStream, contentField = 0, mediaTypes] of routes) {
      const operation = {
        id,
        method: method as "GET",
        path,
        stream: isStream === 1,
        contentField: contentField === 0 ? undefined : contentField,
        answersContent: mediaTypes === undefined ? undefined : { mediaTypes, bytesMax: 0 },
      } as Parameters<typeof callOperation>[0];
      const call = operation.stream ? openStream : callOperation;
      client[id] = (given: Record<string, unknown> = {}, callOptions: CallOptions = {}) =>
        call(operation, given, callOptions, options);
    }
    return client;
  };
}
