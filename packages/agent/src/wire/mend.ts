// What a server refuses in a request, and how the request is mended so that it is taken. One mend is one value: how the refusal is
// recognised, what is changed, what a person is told. The list is mends.ts; create-wire.ts asks again with them.

import type { ChatBody } from "./chat-body.ts";

/** A refusal as the server worded it. */
export interface Refusal {
  status: number;
  /** The reason and the raw body: what a mend is recognised by. */
  text: string;
}

export type MendSetting = string | number;

export interface Mend {
  /** Also its name in records. */
  id: string;
  /** What to set so that `body`, which was refused, is taken; undefined: this refusal is about something else, or setting it changes nothing. */
  recognise: (refusal: Refusal, body: ChatBody) => MendSetting | undefined;
  /** The body as the server takes it; it does not change the one it is given. */
  apply: (body: ChatBody, setting: MendSetting) => ChatBody;
  /** True: it holds for this one request and is not remembered. */
  isForOnce?: (setting: MendSetting) => boolean;
  /** For people and records, such as `asked without tools`. */
  tell: (setting: MendSetting) => string;
}

/** What was learnt of each provider and model, for as long as the process lives. Keys are those of providerKey. */
export interface MendMemory {
  of(key: string): Map<string, MendSetting>;
}

const keysMax = 500;

export function createMendMemory(): MendMemory {
  const known = new Map<string, Map<string, MendSetting>>();
  return {
    of: (key) => {
      const found = known.get(key) ?? new Map<string, MendSetting>();
      if (known.size < keysMax) known.set(key, found);
      return found;
    },
  };
}
