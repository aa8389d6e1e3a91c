/**
 * Automatic persisted queries: a client sends the SHA-256 of a text, and the text itself only when it is not known. In memory, shared by all
 * callers: a text that is known says nothing to those who do not have it, and is checked against every caller's rights as any other.
 */
import { createHash } from "node:crypto";
import { jsonObjectOf } from "@roost/base";
import { GraphQLError } from "graphql";
import type { GraphqlRequest } from "./read-request.ts";
import { documentLimits } from "../limits/document-limits.ts";

/** Words of the protocol that clients know. */
const codes = {
  PERSISTED_QUERY_NOT_FOUND: "PersistedQueryNotFound",
  PERSISTED_QUERY_HASH_MISMATCH: "the document has another SHA-256 than the request says",
} as const;

const textsMax = 200;

export interface PersistedQueries {
  /** The text that a request means, if it has any; an error when it is not known, or is another one. */
  textOf(request: GraphqlRequest): string | GraphQLError | undefined;
}

export function createPersistedQueries(): PersistedQueries {
  const texts = new Map<string, string>();
  return {
    textOf({ query, extensions }) {
      const hash = jsonObjectOf(extensions?.["persistedQuery"])["sha256Hash"];
      if (typeof hash !== "string") return query;
      if (query === undefined) {
        const known = texts.get(hash);
        if (known === undefined) return refusal("PERSISTED_QUERY_NOT_FOUND");
        texts.delete(hash);
        texts.set(hash, known);
        return known;
      }
      if (createHash("sha256").update(query).digest("hex") !== hash) return refusal("PERSISTED_QUERY_HASH_MISMATCH");
      if (query.length > documentLimits.charsMax) return query;
      texts.set(hash, query);
      if (texts.size > textsMax) texts.delete(texts.keys().next().value!);
      return query;
    },
  };
}

function refusal(code: keyof typeof codes): GraphQLError {
  return new GraphQLError(codes[code], { extensions: { code } });
}
