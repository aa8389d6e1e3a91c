// What a server refuses in a request, and how the request is mended. A mend is a value: how the refusal is recognized, what changes, what a person
// is told. The list: mends.ts; retries: create-wire.ts.

import type { ChatBody } from "./chat-body.ts";

/** A refusal as the server worded it. */
export interface Refusal {
  status: number;
  /** The reason and the raw body, by which mends recognize it. */
  text: string;
}

export type MendSetting = string | number;

export interface Mend {
  /** Also its name in records. */
  id: string;
  /** The setting with which the refused `body` would be accepted; undefined: the refusal is about something else, or the setting changes nothing. */
  recognise: (refusal: Refusal, body: ChatBody) => MendSetting | undefined;
  /** Returns the changed body; does not modify its argument. */
  apply: (body: ChatBody, setting: MendSetting) => ChatBody;
  /** True: applies to this request only and is not remembered. */
  isForOnce?: (setting: MendSetting) => boolean;
  /** For people and records, such as `asked without tools`. */
  tell: (setting: MendSetting) => string;
}

/** What was learnt of each provider and model during this process. Keys: providerKey. */
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
