/** What the home's services know of something, asked in the caller's name: each answers for itself, or is named as one that did not. */
import { toRoostError, type Clock, type JsonObject, type Logger } from "@roost/base";
import { callOperation, type Principal } from "@roost/contract";
import { formatLabels, joinLabels, openLabels, parseLabels } from "@roost/contract/labels";
import { labelsWithin } from "@roost/contract/labels-within";
import {
  createForwardCall,
  createToolDirectory,
  recallsOf,
  serviceRecallLimits,
  type Services,
  type ServiceTool,
} from "@roost/service";

export interface RecalledOfServices {
  services: { service: string; answer: JsonObject; labels: string[] }[];
  unanswered: { service: string; reason: string }[];
}

export type RecallServices = (
  asked: { query: string; limit: number },
  principal: Principal,
) => Promise<RecalledOfServices>;

export interface RecallServicesOptions {
  services: Pick<Services, "directory" | "signer">;
  clock: Clock;
  logger: Logger;
}

export function createRecallServices({ services, clock, logger }: RecallServicesOptions): RecallServices {
  const { directory, signer } = services;
  const tools = createToolDirectory(directory, { kind: "owner" });
  const forward = createForwardCall({ directory, signer, clock, logger });
  const ask = async (service: string, { operation }: ServiceTool, asked: object, principal: Principal) => {
    const call: typeof fetch = async (input, init) => {
      const request = new Request(input, init);
      const { pathname, search } = new URL(request.url);
      return await forward({ service, path: pathname + search, principal, request });
    };
    const options = { timeoutMs: serviceRecallLimits.answerMsMax };
    // Forwarded within this process; no name is looked up.
    return (await callOperation(operation, { ...asked }, options, {
      baseUrl: `http://${service}.invalid`,
      fetch: call,
    })) as JsonObject;
  };
  return async (asked, principal) => {
    const found: RecalledOfServices = { services: [], unanswered: [] };
    const answers = (await recallsOf(directory, tools)).map(async ({ service, tool }) => {
      try {
        const answer = await ask(service, tool, asked, principal);
        const labels = joinLabels(parseLabels(tool.labels), labelsWithin(answer) ?? openLabels);
        found.services.push({ service, answer, labels: formatLabels(labels) });
      } catch (error) {
        found.unanswered.push({ service, reason: toRoostError(error).message.slice(0, 1_000) });
      }
    });
    await Promise.all(answers);
    for (const list of [found.services, found.unanswered]) list.sort((a, b) => (a.service < b.service ? -1 : 1));
    return found;
  };
}
