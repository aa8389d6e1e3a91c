/**
 * Spending reserved for several calls at once: one commit for a block of calls, within the caps of its scopes. What a call did not use serves
 * the next ones. What of a block was not settled when its owner died counts as spent. For one that makes many calls outside runs; a run
 * reserves by step.
 */
import { createId, RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import { checkAmounts, toRefusal, type RefusedSpend, type SpendAmounts } from "../runs/spend-answer.ts";

export interface SpendBlocksOptions {
  /** `all`, `job:<id>`, `agent:<id>`, `key:<id>`: whose caps hold, and where it is counted. */
  scopes: readonly string[];
  /** How long a block is used. */
  ttlMs?: number;
}

export type TakenSpend = { granted: true; settle(actual: SpendAmounts): Promise<void> } | RefusedSpend;

/** Disposed, it settles what is open; what is on its way then counts at its bound. */
export interface SpendBlocks extends AsyncDisposable {
  /** Before a call, with its upper bounds. Not settled, it counts at these. From memory while a block has room. */
  take(ask: SpendAmounts): Promise<TakenSpend>;
  /** Gives back what blocks whose time is over have not used. To be called now and then, or they count as spent in the end. */
  sweep(): Promise<void>;
}

interface Block {
  id: string;
  /** What is left of it. */
  usd: number;
  tokens: number;
  calls: number;
  usedUntilMs: number;
  /** What its calls have spent, or may have. */
  spent: SpendAmounts & { calls: number };
  openCalls: number;
  isLeft: boolean;
}

/** Calls that a block is opened for: as many as were made in its time before. */
const callsMin = 16;
const callsMax = 4_096;
/** Open at once: calls on their way hold more than they will use. */
const blocksMax = 8;
const ttlMsDefault = 60_000;
const rateMsMin = 1_000;
/** A call that began in time is settled in time. */
const graceMs = 600_000;

export function createSpendBlocks(kernel: Kernel, options: SpendBlocksOptions): SpendBlocks {
  return new OpenBlocks(kernel, options);
}

class OpenBlocks implements SpendBlocks {
  readonly #kernel: Kernel;
  readonly #scopes: readonly string[];
  readonly #ttlMs: number;
  readonly #blocks = new Set<Block>();
  readonly #rate: { sinceMs: number; calls: number };
  #opening: Promise<unknown> = Promise.resolve();

  constructor(kernel: Kernel, { scopes, ttlMs = ttlMsDefault }: SpendBlocksOptions) {
    this.#kernel = kernel;
    this.#scopes = scopes;
    this.#ttlMs = ttlMs;
    this.#rate = { sinceMs: kernel.clock.nowMs(), calls: 0 };
  }

  async take(ask: SpendAmounts): Promise<TakenSpend> {
    checkAmounts(ask);
    const found = this.#find(ask);
    if (found !== undefined) return this.#use(found, ask);
    // One at a time, so that many calls at once open one block.
    const taking = this.#opening.then(async () => {
      const block = await this.#open(ask);
      return "id" in block ? this.#use(block, ask) : block;
    });
    this.#opening = taking.catch(() => undefined);
    return taking;
  }

  async sweep(): Promise<void> {
    await this.#leave((block) => block.usedUntilMs <= this.#kernel.clock.nowMs());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening;
    const left = [...this.#blocks];
    this.#blocks.clear();
    for (const block of left) await settleBlock(this.#kernel, block);
  }

  #find(ask: SpendAmounts): Block | undefined {
    const nowMs = this.#kernel.clock.nowMs();
    for (const block of this.#blocks) if (fits(block, ask) && block.usedUntilMs > nowMs) return block;
    return undefined;
  }

  async #open(ask: SpendAmounts): Promise<Block | RefusedSpend> {
    const found = this.#find(ask);
    if (found !== undefined) return found;
    await this.sweep();
    const [oldest] = this.#blocks;
    if (this.#blocks.size >= blocksMax) await this.#leave((block) => block === oldest);
    const opened = await this.#reserve(ask);
    if ("id" in opened || this.#blocks.size === 0) return opened;
    // What is left in several blocks may be enough in one.
    await this.#leave(() => true);
    return this.#reserve(ask);
  }

  async #reserve(ask: SpendAmounts): Promise<Block | RefusedSpend> {
    const id = createId();
    const nowMs = this.#kernel.clock.nowMs();
    const ttlMs = this.#ttlMs;
    const [row] = await this.#kernel.database.query<{ answer: OpenAnswer }>(
      "select roost.open_spend_block_1($1::uuid, $2::text[], $3::numeric, $4::bigint, $5::integer, $6::bigint) as answer",
      [id, this.#scopes, ask.usd.toFixed(9), ask.tokens, this.#wishedCalls(nowMs), ttlMs + graceMs],
      { name: "roost_spend_block_open" },
    );
    const { granted, asks, calls: callCount, ...cap } = row!.answer;
    if (!granted) return toRefusal(cap);
    const block: Block = {
      id,
      usd: asks * ask.usd,
      tokens: asks * ask.tokens,
      calls: callCount,
      usedUntilMs: nowMs + ttlMs,
      spent: { usd: 0, tokens: 0, calls: 0 },
      openCalls: 0,
      isLeft: false,
    };
    this.#blocks.add(block);
    return block;
  }

  #wishedCalls(nowMs: number): number {
    const elapsedMs = Math.max(rateMsMin, nowMs - this.#rate.sinceMs);
    const calls = Math.ceil((this.#rate.calls * this.#ttlMs) / elapsedMs);
    if (elapsedMs > this.#ttlMs) Object.assign(this.#rate, { sinceMs: nowMs, calls: 0 });
    return Math.min(callsMax, Math.max(callsMin, calls));
  }

  async #leave(which: (block: Block) => boolean): Promise<void> {
    const left = [...this.#blocks].filter(which);
    for (const block of left) {
      this.#blocks.delete(block);
      block.isLeft = true;
      if (block.openCalls === 0) await settleBlock(this.#kernel, block);
    }
  }

  #use(block: Block, ask: SpendAmounts): TakenSpend {
    this.#rate.calls += 1;
    block.calls -= 1;
    block.openCalls += 1;
    block.spent.calls += 1;
    count(block, ask);
    let isSettled = false;
    const settle = async (actual: SpendAmounts) => {
      if (isSettled) throw new RoostError("conflict", "this call of a block is settled already");
      isSettled = true;
      count(block, { usd: actual.usd - ask.usd, tokens: actual.tokens - ask.tokens });
      block.openCalls -= 1;
      if (block.openCalls === 0 && block.isLeft) await settleBlock(this.#kernel, block);
    };
    return { granted: true, settle };
  }
}

type OpenAnswer = { granted: boolean; asks: number; calls: number } & RefusedSpend["cap"];

function fits(block: Block, ask: SpendAmounts): boolean {
  return block.calls > 0 && block.usd + 1e-9 >= ask.usd && block.tokens >= ask.tokens;
}

function count(block: Block, { usd, tokens }: SpendAmounts): void {
  block.usd -= usd;
  block.tokens -= tokens;
  block.spent.usd += usd;
  block.spent.tokens += tokens;
}

/** Again, after a lost answer, it changes nothing. */
async function settleBlock(kernel: Kernel, { id, spent }: Block): Promise<void> {
  await kernel.database.query(
    "select roost.settle_spend_block_1($1::uuid, $2::numeric, $3::bigint, $4::integer)",
    [id, spent.usd.toFixed(9), spent.tokens, spent.calls],
    { name: "roost_spend_block_settle" },
  );
}

/** Blocks whose owners did not settle them in time count as spent. */
export async function settleExpiredBlocks(kernel: Kernel): Promise<void> {
  const expired = await kernel.database.query<{ id: string }>(
    "select id from roost.spend_block where expires_at <= roost.now() order by expires_at limit 1000",
  );
  // Each by itself: together they would lock rows of spending in another order than the one.
  for (const { id } of expired)
    await kernel.database.query("select roost.settle_spend_block_1($1::uuid, null, null, null)", [id]);
}
