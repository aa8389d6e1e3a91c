/** How much one document may ask for. What is over a limit is refused before any of it is carried out, with the number and the limit. */
import { GraphQLError } from "graphql";
import type { ErrorCode } from "@roost/base";
import type { DocumentSize } from "./measure-document.ts";

export const documentLimits = {
  /** Of the text. */
  charsMax: 50_000,
  /** Of the text as GraphQL reads it: what validation compares grows with their square. */
  tokensMax: 2_000,
  depthMax: 12,
  aliasesMax: 30,
  /** Operations that one document calls, without relations. */
  callsMax: 20,
  /** Records, and ten for each call. */
  costMax: 10_000,
} as const;

/** What validation need not even look at. */
export function refuseForm({ depth, aliasCount, callCount }: DocumentSize): GraphQLError | undefined {
  const { depthMax, aliasesMax, callsMax } = documentLimits;
  return (
    over("is nested {} levels deep", depth, depthMax) ??
    over("has {} aliases", aliasCount, aliasesMax) ??
    over("calls {} operations", callCount, callsMax)
  );
}

/** Known only with the variables. */
export function refuseCost({ cost }: DocumentSize): GraphQLError | undefined {
  return over("may cost {}", cost, documentLimits.costMax);
}

function over(what: string, value: number, limit: number): GraphQLError | undefined {
  if (value <= limit) return undefined;
  const shown = value > 1e9 ? "more than 1000000000" : String(value);
  return refusal(
    "limit_exceeded",
    `the document ${what.replace("{}", shown)}, the limit is ${limit}: ask for less at a time`,
  );
}

export function refusal(code: ErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
