/** Sends what GraphiQL asks, with the cookie of the browser that is signed in; subscriptions as server-sent events, one connection each. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { getOperationAST, parse } from "graphql";

interface Asked {
  query: string;
  operationName?: string | null;
  variables?: unknown;
}

interface Given {
  headers?: Record<string, unknown>;
}

const address = "/graphql";

/** A result, or results one after the other. */
export function ask(asked: Asked, given: Given = {}): Promise<unknown> | AsyncGenerator {
  return isSubscription(asked) ? follow(asked, given) : answer(asked, given);
}

/** By the text that is sent: what the editor has parsed may be the text before it. */
function isSubscription({ query, operationName }: Asked): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    // The server says what is wrong with it.
    return false;
  }
}

function send(asked: Asked, { headers }: Given, accept: string): Promise<Response> {
  return fetch(address, {
    method: "POST",
    headers: { ...(headers as Record<string, string>), "content-type": "application/json", accept },
    body: JSON.stringify(asked),
  });
}

async function answer(asked: Asked, given: Given): Promise<unknown> {
  const response = await send(asked, given, "application/json");
  return response.status === 401 ? notSignedIn : response.json();
}

const notSignedIn = {
  errors: [{ message: "This browser is not signed in: run roost open, then load this page again" }],
};

async function* follow(asked: Asked, given: Given): AsyncGenerator {
  const response = await send(asked, given, "text/event-stream");
  if (!response.ok || response.body === null) {
    yield response.status === 401 ? notSignedIn : await response.json();
    return;
  }
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of events) {
    if (event === "next") yield JSON.parse(data);
    if (event === "complete") return;
  }
}
