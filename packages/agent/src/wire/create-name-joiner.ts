import type { NormalChunk } from "./normalise-chunk.ts";

interface CallDelta {
  index?: number;
  function: { name?: string; arguments?: string };
}

type Chunk = Extract<NormalChunk, { kind: "chunk" }>;

/**
 * Puts together names of tools that come in pieces: a piece that only begins a known name is held back until the rest comes. Changes the chunk; a
 * name that stays unfinished is given with the finish, as it came.
 */
export function createNameJoiner(known: readonly string[]): (chunk: Chunk) => void {
  let held: CallDelta | undefined;
  return ({ value, isFinished }) => {
    for (const { delta } of value["choices"] as { delta: { tool_calls?: CallDelta[] } }[]) {
      const calls: CallDelta[] = [];
      for (const call of delta.tool_calls ?? []) {
        const isNext = held !== undefined && call.index === held.index;
        const before: CallDelta | undefined = isNext ? held : undefined;
        const { name = "" } = call.function;
        const joined = before === undefined ? name : (before.function.name ?? "") + name;
        const whole =
          before === undefined ? call : { ...call, ...before, function: { ...call.function, name: joined } };
        if (held !== undefined && !isNext) calls.push(held);
        held = isBeginning(joined, known) && !call.function.arguments ? whole : undefined;
        if (held === undefined) calls.push(whole);
      }
      if (isFinished && held !== undefined) calls.push(held);
      if (isFinished) held = undefined;
      if (calls.length > 0) delta.tool_calls = calls;
      else delete delta.tool_calls;
    }
  };
}

function isBeginning(part: string, known: readonly string[]): boolean {
  return part !== "" && !known.includes(part) && known.some((name) => name.startsWith(part));
}
