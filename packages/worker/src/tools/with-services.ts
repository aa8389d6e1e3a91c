/**
 * `recall` asks the services of the agent as well, where they answer it: what a domain knows stays with its service. A service offers it by an
 * operation `recall` that takes `query` and `limit`. Says which answered, which did not, and which know something from outside: such records are
 * for calls that ask for marked lines, as with the home's own.
 */
import type { Tool, ToolCall } from "@roost/agent";
import { toRoostError, type JsonObject, type JsonValue } from "@roost/base";
import { isUntrusted, joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import { labelsWithin, withoutUntrusted } from "@roost/contract/labels-within";
import type { AgentDefinition } from "@roost/contract/operations";
import { recallName, serviceRecallLimits } from "@roost/service";
import { policyOf } from "./policy-of.ts";

/** Tools of the home's services by which they recall, those that the agent may call unasked; nothing that leaves the home. */
export function recallsOfServices(
  tools: readonly Tool[],
  { policies = {} }: Pick<AgentDefinition, "policies">,
): Tool[] {
  return tools
    .filter(({ name, origin, effect, reach }) => {
      if (origin?.kind !== "service" || name !== recallName(origin.name)) return false;
      const isFree = effect === "readonly" && reach === undefined;
      return isFree && (policyOf(policies, name)?.decision ?? "allow") === "allow";
    })
    .slice(0, serviceRecallLimits.servicesMax);
}

interface Answered {
  service: string;
  answer?: JsonValue;
  problem?: string;
  labels: Labels;
  /** Of whatever it answers; `labels` are those of this answer. */
  ofTool?: Labels;
  /** It knows something from outside, too. */
  isMore?: boolean;
}

/** The tool, answering for the services too. Without one it is as it was. */
export function withServices(tool: Tool<JsonObject>, services: readonly Tool<JsonObject>[]): Tool<JsonObject> {
  if (services.length === 0) return tool;
  return {
    ...tool,
    execute: async (input, call) => {
      const [own, ...others] = await Promise.all([
        tool.execute(input, call),
        ...services.map((service) => ask(service, input, call)),
      ]);
      if (own.state !== "done") return own;
      const told = input["marked"] === true ? others : others.map(withhold);
      const held = told.filter(({ isMore }) => isMore);
      const answered = told.filter((one) => one.answer !== undefined);
      const silent = others.filter(({ problem }) => problem !== undefined);
      const lines = own.output as JsonObject;
      return {
        ...own,
        labels: joinLabels(own.labels ?? openLabels, ...answered.map(({ labels }) => labels)),
        output: {
          ...lines,
          ...(answered.length > 0 && {
            services: Object.fromEntries(answered.map(({ service, answer }) => [service, answer ?? null])),
          }),
          ...(held.length > 0 && {
            withheld: held.map(({ service }) => `${service} knows something from outside: marked shows it`),
          }),
          ...(silent.length > 0 && {
            unanswered: silent.map(({ service, problem }) => `${service}: ${problem}`),
          }),
        },
      };
    },
  };
}

/** What of an answer is not from outside: its records where they say so themselves, else all or nothing. */
function withhold({ answer, labels, ofTool = labels, ...one }: Answered): Answered {
  if (answer === undefined || !isUntrusted(labels)) return { ...one, labels, ...(answer !== undefined && { answer }) };
  const isWhole = isUntrusted(ofTool) || labelsWithin(answer) === undefined;
  const kept = isWhole ? null : withoutUntrusted(answer);
  const rest = knowsSomething(kept) ? { answer: kept } : {};
  return {
    ...one,
    ...rest,
    labels: joinLabels(ofTool, labelsWithin(kept) ?? openLabels),
    isMore: knowsSomething(answer),
  };
}

/** An answer of nothing but empty lists says that nothing was found. */
function knowsSomething(answer: JsonValue | undefined): boolean {
  if (Array.isArray(answer)) return answer.length > 0;
  if (typeof answer === "object" && answer !== null) return Object.values(answer).some(knowsSomething);
  return answer !== undefined && answer !== null;
}

async function ask(service: Tool<JsonObject>, input: JsonObject, call: ToolCall): Promise<Answered> {
  const name = service.origin?.kind === "service" ? service.origin.name : service.name;
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(serviceRecallLimits.answerMsMax)]);
  const asked = { query: input["query"] ?? "", limit: input["limit"] ?? 10 };
  try {
    const outcome = await service.execute(asked, { ...call, signal });
    const given = (await service.labelsOf?.(asked)) ?? openLabels;
    if (outcome.state !== "done") return { service: name, problem: "it did not answer", labels: openLabels };
    const labels = joinLabels(given, outcome.labels ?? openLabels);
    return { service: name, answer: outcome.output, labels, ofTool: given };
  } catch (error) {
    call.signal.throwIfAborted();
    // What a service says of its failure is of its domain; the code is not.
    return { service: name, problem: toRoostError(error).code, labels: openLabels };
  }
}
