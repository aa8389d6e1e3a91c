/** Agents as models: `roost/<agent>` is a durable turn of a session. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { jsonObjectOf, RoostError, type JsonObject, type Logger } from "@roost/base";
import { coversScope } from "@roost/contract";
import { AnswerForm } from "@roost/contract/operations";
import { cancelRun, getRun, type Kernel } from "@roost/kernel";
import { addClientAnswer, markAnswered, type Memory } from "@roost/memory";
import { sendJson, spliceFields, type Proxy, type ProxyPath } from "@roost/proxy";
import { maySeeMain } from "../../security/may-see-main.ts";
import { refuseModel, requireGrant, type DoorCaller } from "../callers/find-caller.ts";
import { answerChat } from "./answer-chat.ts";
import { answerResponse, toResponse } from "./answer-response.ts";
import { hashConversation, namedPlace, type AskedConversation, type AskedPlace } from "./asked-conversation.ts";
import { formatResponseId } from "./call-ids.ts";
import { followTurn, readTurn, toolNamesOf, type TurnEnd } from "./follow-turn.ts";
import { isChore } from "./is-chore.ts";
import { readChat } from "./read-chat.ts";
import { readResponseRequest } from "./read-response-request.ts";
import { startTurn, turnOfResponse, type StartedTurn } from "./start-turn.ts";

export interface AgentDoorOptions {
  kernel: Kernel;
  memory: Memory;
  proxy: Proxy;
  logger: Logger;
  /** Ids of the agents that there are. */
  agents: () => Promise<readonly string[]>;
  /** The server stops: programs come again, and join their turns. */
  shutdown: AbortSignal;
}

export interface AgentCall {
  path: ProxyPath;
  text: string;
  body: JsonObject;
  request: IncomingMessage;
  response: ServerResponse;
  caller: DoorCaller;
}

export interface AgentDoor {
  isAgent(model: string): boolean;
  /** Those that the caller may ask. */
  listModels(caller: DoorCaller): Promise<string[]>;
  answer(call: AgentCall): Promise<void>;
  /** Tells a response again, or follows it. @throws RoostError `not_found` for one that is not the caller's */
  readResponse(asked: AskedResponse): Promise<void>;
  /** Ends its turn, if it goes on. */
  cancelResponse(asked: Omit<AskedResponse, "isStreamed">): Promise<void>;
}

export interface AskedResponse {
  caller: DoorCaller;
  response: ServerResponse;
  id: string;
  isStreamed: boolean;
}

const prefix = "roost/";
const mainAgent = "main";
const sessionHeader = "x-roost-session";

export function createAgentDoor(options: AgentDoorOptions): AgentDoor {
  const known = async () => [...new Set([mainAgent, ...(await options.agents())])];
  return {
    isAgent: (model) => model.startsWith(prefix),
    async listModels(caller) {
      const agents = (await known()).filter((agent) => agent !== mainAgent || maySeeMain(caller.grants));
      return agents.map((agent) => `${prefix}${agent}`);
    },
    async answer(call) {
      const model = String(call.body["model"]);
      const agent = model.slice(prefix.length);
      requireGrant(call.caller, "agents:call", "an agent");
      if (agent === mainAgent) requireGrant(call.caller, "main", "roost/main");
      if (!(await known()).includes(agent)) throw refuseModel(model);
      if (call.path === "/chat/completions") return answerAsChat(options, call, agent);
      if (call.path === "/responses") return answerAsResponse(options, call, agent);
      throw new RoostError("invalid_input", `/v1${call.path} is not for agents: ask them by /v1/chat/completions`, {
        details: { param: "model" },
      });
    },
    async readResponse({ caller, response, id, isStreamed }) {
      const turn = await turnOfResponse(options, caller, id);
      const run = await getRun(options.kernel.database, turn.runId);
      const facts = {
        id,
        model: `${prefix}${turn.agent}`,
        createdS: Math.floor(run.createdAt.getTime() / 1000),
        previousResponseId: null,
        instructions: null,
        form: AnswerForm.safeParse(run.input["answerForm"]).data,
      };
      const toolNames = toolNamesOf(run);
      if (!isStreamed)
        return sendJson(response, 200, toResponse(facts, await readTurn(options.kernel, run.id, toolNames)));
      const signal = signalOf(response, options.shutdown);
      const items = followTurn(options.kernel, { runId: run.id, isLive: facts.form === undefined, toolNames, signal });
      const end = await answerResponse(response, items, { ...facts, isStreamed, onEnd: async () => undefined });
      if (end === undefined) response.destroy();
    },
    async cancelResponse({ caller, response, id }) {
      const { runId } = await turnOfResponse(options, caller, id);
      await cancelRun(options.kernel, { runId, by: caller.name, reason: "the program cancelled its response" });
      await this.readResponse({ caller, response, id, isStreamed: false });
    },
  };
}

async function answerAsChat(options: AgentDoorOptions, call: AgentCall, agent: string): Promise<void> {
  const { kernel, proxy } = options;
  const { caller, response, body } = call;
  const asked = readChat(agent, body, placeOf(call));
  const mayAuto = caller.mayName("auto") && coversScope(caller.grants, "models:call");
  if (mayAuto && isChore(asked) && proxy.knows("auto")) {
    const text = spliceFields(call.text, { model: "auto" });
    return proxy.call({ path: call.path, text, body: { ...body, model: "auto" }, headers: {}, caller, response });
  }
  const turn = await startTurn(options, caller, asked);
  const items = follow(options, call, { turn, asked });
  const end = await answerChat(response, items, {
    id: `chatcmpl-${turn.runId}`,
    model: `${prefix}${agent}`,
    createdS: Math.floor(kernel.clock.nowMs() / 1000),
    isStreamed: body["stream"] === true,
    withUsage: jsonObjectOf(body["stream_options"])["include_usage"] === true,
    onEnd: (end) => remember(options, call, { asked, runId: turn.runId, end }),
  });
  if (end === undefined) response.destroy();
}

async function answerAsResponse(options: AgentDoorOptions, call: AgentCall, agent: string): Promise<void> {
  const { kernel } = options;
  const { caller, response, body } = call;
  const asked = readResponseRequest(agent, body, placeOf(call));
  const turn = await startTurn(options, caller, asked);
  const { previous_response_id: previous, instructions } = body;
  const facts = {
    id: formatResponseId(turn.runId, turn.afterSeq),
    model: `${prefix}${agent}`,
    createdS: Math.floor(kernel.clock.nowMs() / 1000),
    previousResponseId: typeof previous === "string" ? previous : null,
    instructions: typeof instructions === "string" ? instructions : null,
    form: asked.form,
  };
  if (body["background"] === true && body["stream"] !== true)
    return sendJson(response, 200, toResponse(facts, undefined));
  const end = await answerResponse(response, follow(options, call, { turn, asked }), {
    ...facts,
    isStreamed: body["stream"] === true,
    onEnd: (told) => remember(options, call, { asked, runId: turn.runId, end: told }),
  });
  if (end === undefined) response.destroy();
}

/** Until the turn ends, or the program or the server leaves: the turn goes on without them. */
function follow(
  { kernel, shutdown }: AgentDoorOptions,
  { response }: AgentCall,
  { turn, asked }: { turn: StartedTurn; asked: AskedConversation },
) {
  return followTurn(kernel, {
    runId: turn.runId,
    isLive: !turn.isJoined && !turn.isHeld,
    after: turn.after,
    toolNames: asked.tools.map(({ name }) => name),
    signal: signalOf(response, shutdown),
  });
}

function signalOf(response: ServerResponse, shutdown: AbortSignal): AbortSignal {
  const left = new AbortController();
  response.once("close", () => left.abort());
  return AbortSignal.any([left.signal, shutdown]);
}

/** The program has the history with this answer now, so that its next message goes on behind it. */
async function remember(
  { memory, logger }: AgentDoorOptions,
  { caller, response }: AgentCall,
  { asked, runId, end }: { asked: AskedConversation; runId: string; end: TurnEnd },
): Promise<void> {
  if (end.kind !== "reply") return;
  const items = [...asked.items, { kind: "assistant" as const, text: end.text, calls: [] }];
  // Where the session is named, what is sent is not the history.
  if (asked.place.kind === "history")
    await addClientAnswer(memory, { client: caller.id, answered: hashConversation(asked.agent, items), runId });
  else await markAnswered(memory, { client: caller.id, runId, isAnswered: true });
  response.once("close", () => {
    if (response.writableFinished) return;
    void markAnswered(memory, { client: caller.id, runId, isAnswered: false }).catch((error: unknown) =>
      logger.warn("An answer that was cut off is not told again", { runId, error }),
    );
  });
}

function placeOf({ request }: AgentCall): AskedPlace {
  const name = request.headers[sessionHeader];
  if (name === undefined) return { kind: "history" };
  return namedPlace(name, sessionHeader);
}
