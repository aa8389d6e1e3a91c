/** The parameters of a GraphQL request, from a JSON body or from the address. Lists of requests are refused with everything that is no object. */
import { describeIssue, formatPath, RoostError } from "@roost/base";
import { bodyBytesMaxDefault, readJsonBody } from "@roost/contract";
import { z } from "zod";

const Params = z.object({
  query: z.string().nullish(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});

export interface GraphqlRequest {
  query?: string | undefined;
  operationName?: string | null | undefined;
  variables?: Record<string, unknown> | null | undefined;
  extensions?: Record<string, unknown> | null | undefined;
}

/** @throws RoostError `invalid_input` with 400 or 415, `limit_exceeded` for a body that is too long */
export async function readRequest(request: Request): Promise<GraphqlRequest> {
  const given = request.method === "GET" ? fromAddress(request.url) : await readJsonBody(request, bodyBytesMaxDefault);
  const parsed = Params.safeParse(given);
  if (parsed.success) return { ...parsed.data, query: parsed.data.query ?? undefined };
  const issue = parsed.error.issues[0]!;
  throw new RoostError("invalid_input", `${formatPath(issue.path)} is not as GraphQL has it: ${describeIssue(issue)}`);
}

function fromAddress(url: string): Record<string, unknown> {
  const given = new URL(url).searchParams;
  const json = (name: string): unknown => {
    const text = given.get(name);
    if (text === null || text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new RoostError("invalid_input", `${name} in the address is not JSON`, { cause });
    }
  };
  return {
    query: given.get("query"),
    operationName: given.get("operationName"),
    variables: json("variables"),
    extensions: json("extensions"),
  };
}
