import { RoostError } from "@roost/base";
import { fromProblem } from "./from-problem.ts";

export interface PostJsonOptions {
  /** Default: none is sent. */
  token?: string;
}

const answerMsMax = 30_000;

/** Calls a gateway by hand, for programs that load no contract. @throws RoostError `unavailable` when it does not answer, or the problem that it answers */
export async function postJson<Answer>(url: string, body: object, { token }: PostJsonOptions = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(answerMsMax),
  }).catch((cause: unknown) => {
    throw new RoostError("unavailable", `${new URL(url).origin} does not answer: ${(cause as Error).message}`, {
      cause,
    });
  });
  if (!response.ok) throw fromProblem(response.status, await response.json().catch(() => undefined));
  return (await response.json()) as Answer;
}
