/** What a simulated run does: made from its number alone, so that every attempt of every owner does the same. */
import type { Effect } from "@roost/kernel";
import { createRandom, hashOf } from "./random.ts";

export type Act =
  | { act: "effect"; effect: Effect; isRefused: boolean }
  | { act: "spend"; usd: number }
  | { act: "sleep"; ms: number }
  | { act: "event"; untilMs: number }
  | { act: "ask" }
  | { act: "child"; number: number };

export interface RunScript {
  acts: Act[];
  /** Fails at its end, in every attempt. */
  isFailing: boolean;
  serialKey: string | undefined;
  /** Keys of what it shares with others: how many go at once, how many in a window. */
  concurrency: { key: string; max: number } | undefined;
  rateLimit: { key: string; max: number; windowMs: number } | undefined;
  agent: string;
  attemptsMax: number;
  timeoutMs: number | undefined;
  usdMax: number | undefined;
  priority: number;
  /** Its owners write on when the run is not theirs any more: they were not told. */
  isZombie: boolean;
}

const effects: Effect[] = ["readonly", "idempotent", "queryable", "unsafe", "unsafe"];
const actsMax = 4;
/** Children of children, no deeper. */
const childNumberMin = 1_000_000;

/** Of a run by its input: a client's number, or one made of its tick. */
export function numberOf(input: unknown): number {
  const { number, tick } = input as { number?: number; tick?: { key: string } };
  return number ?? hashOf(tick?.key ?? "") % 10_000;
}

export function scriptOf(number: number): RunScript {
  const random = createRandom(hashOf("script", number));
  const isChild = number >= childNumberMin;
  const kinds = [
    "effect",
    "effect",
    "effect",
    "spend",
    "sleep",
    "event",
    "ask",
    ...(isChild ? [] : ["child", "child"]),
  ];
  const acts = Array.from({ length: 1 + random.below(actsMax) }, (_, index): Act => {
    switch (random.pick(kinds)) {
      case "spend":
        return { act: "spend", usd: (1 + random.below(8)) / 8 };
      case "sleep":
        return { act: "sleep", ms: random.below(30_000) };
      case "event":
        return { act: "event", untilMs: random.below(60_000) };
      case "ask":
        return { act: "ask" };
      case "child":
        return { act: "child", number: childNumberMin + number * 10 + index };
      default:
        return { act: "effect", effect: random.pick(effects), isRefused: random.chance(0.1) };
    }
  });
  return {
    acts,
    isFailing: random.chance(0.2),
    serialKey: isChild ? undefined : random.pick([undefined, undefined, "serial key a", "serial key b"]),
    concurrency: random.chance(0.25) ? { key: "slot", max: 2 } : undefined,
    rateLimit: random.chance(0.2) ? { key: "rate", max: 2, windowMs: 20_000 } : undefined,
    agent: random.pick(["agent-a", "agent-b"]),
    attemptsMax: 1 + random.below(3),
    timeoutMs: random.chance(0.2) ? 60_000 + random.below(120_000) : undefined,
    usdMax: random.chance(0.2) ? 1 : undefined,
    priority: random.below(3),
    isZombie: random.chance(0.4),
  };
}
