/** What a scripted model understands of a request: who asks, for which moment, and how far the work has come. */
import type { ScriptedRequest, WireMessage } from "@roost/agent/testing";

export interface Prompt {
  kind: "main" | "heartbeat" | "cron";
  /** Of the run of a job. */
  jobId: string | undefined;
  /** The scheduled moment in the home's zone: "2025-11-24 06:00". */
  scheduledFor: string | undefined;
  /** Answers so far in this turn: 0 at its beginning. */
  turn: number;
  /** Tool results of this turn by the name of the tool, the newest last. */
  results: Map<string, string[]>;
  /** What the person said last. */
  asked: string;
}

export function readPrompt(request: ScriptedRequest): Prompt {
  const kind = /This is a (main|heartbeat|cron) session\./.exec(request.systemText)?.[1] as Prompt["kind"] | undefined;
  if (kind === undefined) throw new Error(`a request does not say whose session it is:\n${request.systemText}`);
  const lastAsked = request.messages.findLastIndex((message) => message.role === "user");
  const asked = request.messages[lastAsked]?.content ?? "";
  const sinceAsked = request.messages.slice(lastAsked + 1);
  return {
    kind,
    jobId: /^\[(?:cron|job):([\w.-]+) /m.exec(asked)?.[1],
    scheduledFor: /Scheduled for \w+, ([\d-]+ [\d:]+) /.exec(asked)?.[1],
    turn: sinceAsked.filter((message) => message.role === "assistant").length,
    results: readResults(sinceAsked),
    asked,
  };
}

function readResults(messages: readonly WireMessage[]): Map<string, string[]> {
  const names = new Map(
    messages.flatMap((message) => message.tool_calls ?? []).map((call) => [call.id, call.function.name]),
  );
  const results = new Map<string, string[]>();
  for (const { role, content, tool_call_id: id } of messages) {
    const name = names.get(id ?? "");
    if (role === "tool" && name !== undefined) results.set(name, [...(results.get(name) ?? []), content ?? ""]);
  }
  return results;
}
