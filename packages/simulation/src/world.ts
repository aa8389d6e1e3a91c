/**
 * The world outside: what effects touch. It outlives every process, knows idempotency keys where a real service would, counts what
 * was done, and refuses nothing else: a late zombie is served like any caller.
 */
import { Violation } from "./violation.ts";

interface Performed {
  /** How often it was asked for. */
  askedCount: number;
  /** How often it took effect: once, where the world knows the key. */
  tookEffectCount: number;
}

export class World {
  readonly #performed = new Map<string, Performed>();
  readonly #allowances = new Map<string, number>();
  /** Steps whose outcome was recorded and acknowledged: they may not begin again. */
  readonly #settled = new Set<string>();
  /** What each agent really spent, in millionths. */
  readonly spent = new Map<string, number>();

  /** Asks the world for an effect. `isKeyed`: the world knows the key and does it once. */
  perform(key: string, { isKeyed }: { isKeyed: boolean }): void {
    const performed = this.#performed.get(key) ?? { askedCount: 0, tookEffectCount: 0 };
    performed.askedCount += 1;
    if (!isKeyed || performed.tookEffectCount === 0) performed.tookEffectCount += 1;
    this.#performed.set(key, performed);
  }

  /** It was found not to have happened, and resolved so: it may be done once more. */
  allowAgain(key: string): void {
    this.#allowances.set(key, this.allowanceOf(key) + 1);
  }

  /** How often it may take effect without a key that the world knows. */
  allowanceOf(key: string): number {
    return this.#allowances.get(key) ?? 1;
  }

  countOf(key: string): number {
    return this.#performed.get(key)?.tookEffectCount ?? 0;
  }

  keys(): string[] {
    return [...this.#performed.keys()];
  }

  spend(agent: string, usd: number): void {
    this.spent.set(agent, (this.spent.get(agent) ?? 0) + Math.round(usd * 1e6));
  }

  noteSettled(step: string): void {
    this.#settled.add(step);
  }

  refuseSettled(step: string, what: string): void {
    if (this.#settled.has(step))
      throw new Violation(`step ${step} had been acknowledged as done, and came back as ${what}`);
  }
}
