/**
 * Spending reserved for several calls at once: one commit for a block of calls, within the caps of its scopes. What of a block was not
 * settled when its owner died counts as spent. For one that makes many calls outside runs; a run reserves by step.
 */
import { createId, RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import { checkAmounts, toRefusal, type RefusedSpend, type SpendAmounts } from "../runs/spend-answer.ts";

export interface SpendBlocksOptions {
  /** `all`, `job:<id>`, `agent:<id>`: whose caps hold, and where it is counted. */
  scopes: readonly string[];
  /** Calls of one block. */
  callsMax?: number;
  /** How long a block is used. */
  ttlMs?: number;
}

export type TakenSpend = { granted: true; settle(actual: SpendAmounts): Promise<void> } | RefusedSpend;

/** Disposed, it settles what is open; what is on its way then counts at its bound. */
export interface SpendBlocks extends AsyncDisposable {
  /** Before a call, with its upper bounds. Not settled, it counts at these. */
  take(ask: SpendAmounts): Promise<TakenSpend>;
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
  isCurrent: boolean;
}

const callsMaxDefault = 32;
const ttlMsDefault = 60_000;
/** A call that began in time is settled in time. */
const graceMs = 600_000;

export function createSpendBlocks(kernel: Kernel, options: SpendBlocksOptions): SpendBlocks {
  const { callsMax = callsMaxDefault, ttlMs = ttlMsDefault } = options;
  let current: Block | undefined;
  let opening: Promise<unknown> = Promise.resolve();

  async function open(ask: SpendAmounts): Promise<Block | RefusedSpend> {
    if (current !== undefined && fits(current, ask)) return current;
    await leave();
    const id = createId();
    const usedUntilMs = kernel.clock.nowMs() + ttlMs;
    const [row] = await kernel.database.query<{ answer: OpenAnswer }>(
      "select roost.open_spend_block_1($1::uuid, $2::text[], $3::numeric, $4::bigint, $5::integer, $6::bigint) as answer",
      [id, options.scopes, ask.usd.toFixed(9), ask.tokens, callsMax, ttlMs + graceMs],
      { name: "roost_spend_block_open" },
    );
    const { granted, calls, ...cap } = row!.answer;
    if (!granted) return toRefusal(cap);
    const amounts = { usd: calls * ask.usd, tokens: calls * ask.tokens, calls };
    const spent = { usd: 0, tokens: 0, calls: 0 };
    return (current = { id, ...amounts, usedUntilMs, spent, openCalls: 0, isCurrent: true });
  }

  const fits = (block: Block, ask: SpendAmounts) =>
    block.calls > 0 &&
    block.usd + 1e-9 >= ask.usd &&
    block.tokens >= ask.tokens &&
    block.usedUntilMs > kernel.clock.nowMs();

  async function leave(): Promise<void> {
    const block = current;
    current = undefined;
    if (block === undefined) return;
    block.isCurrent = false;
    if (block.openCalls === 0) await settleBlock(kernel, block);
  }

  return {
    async take(ask) {
      checkAmounts(ask);
      // One at a time, so that many calls at once open one block.
      const taking = opening.then(async () => {
        const block = await open(ask);
        if ("id" in block) take(block, ask);
        return block;
      });
      opening = taking.catch(() => undefined);
      const block = await taking;
      if (!("id" in block)) return block;
      let isSettled = false;
      const settle = async (actual: SpendAmounts) => {
        if (isSettled) throw new RoostError("conflict", "this call of a block is settled already");
        isSettled = true;
        count(block, { usd: actual.usd - ask.usd, tokens: actual.tokens - ask.tokens }, 0);
        block.openCalls -= 1;
        if (block.openCalls === 0 && !block.isCurrent) await settleBlock(kernel, block);
      };
      return { granted: true, settle };
    },
    async [Symbol.asyncDispose]() {
      await opening;
      if (current !== undefined) await settleBlock(kernel, current);
      current = undefined;
    },
  };
}

type OpenAnswer = { granted: boolean; calls: number } & RefusedSpend["cap"];

function take(block: Block, ask: SpendAmounts): void {
  block.usd -= ask.usd;
  block.tokens -= ask.tokens;
  block.calls -= 1;
  block.openCalls += 1;
  count(block, ask, 1);
}

function count({ spent }: Block, { usd, tokens }: SpendAmounts, calls: number): void {
  spent.usd += usd;
  spent.tokens += tokens;
  spent.calls += calls;
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
